//! Mail that waits to be sent.

use async_trait::async_trait;
use tessera_access::ports::MailRepo;
use tessera_access::{MailState, QueuedMail};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::Store;
use crate::db::{Row, call, call_each};
use crate::users::total;

fn read_mail(row: &mut Row) -> Result<QueuedMail> {
    Ok(QueuedMail {
        uid: row.take()?,
        deduplication: row.take()?,
        kind: row.take()?,
        recipients: row.take()?,
        sealed: row.take()?,
        state: MailState::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored mail has an unknown state"))?,
        attempts: row.take()?,
        next_at: row.take()?,
        error: row.take()?,
        created_at: row.take()?,
        ended_at: row.take()?,
    })
}

#[async_trait]
impl MailRepo for Store {
    async fn insert_mail(&self, mail: &QueuedMail) -> Result<bool> {
        let call = call!(
            "mail_insert",
            mail.uid,
            &mail.deduplication,
            &mail.kind,
            &mail.recipients,
            mail.sealed.clone(),
            mail.state.as_str(),
            mail.attempts,
            mail.next_at,
            mail.error.clone(),
            mail.created_at,
            mail.ended_at,
        );
        Ok(self.db.execute(call).await? > 0)
    }

    async fn claim_mail(&self, now: Timestamp, lease: Timestamp) -> Result<Option<QueuedMail>> {
        let claimed = self.db.write_rows(call_each!("mail_claim", now, lease)).await?;
        claimed.into_iter().next().as_mut().map(read_mail).transpose()
    }

    async fn postpone_mail(&self, uid: Uid, next: Timestamp, error: &str) -> Result<()> {
        self.db.execute(call!("mail_postpone", uid, next, error)).await.map(drop)
    }

    async fn end_mail(
        &self,
        uid: Uid,
        state: MailState,
        error: Option<String>,
        at: Timestamp,
    ) -> Result<()> {
        self.db.execute(call!("mail_end", uid, state.as_str(), error, at)).await.map(drop)
    }

    async fn mails(&self, state: Option<MailState>, page: PageRequest) -> Result<Page<QueuedMail>> {
        let state = state.map_or("", MailState::as_str);
        let rows = self.db.rows(call!("mail_list", state, page.size, page.offset())).await?;
        let items = rows
            .into_iter()
            .map(|mut row| read_mail(&mut row).map(|mail| QueuedMail { sealed: None, ..mail }));
        let total = total(self.db.rows(call!("mail_count", state)).await?)?;
        Ok(Page { items: items.collect::<Result<_>>()?, total })
    }

    async fn count_failed_mails(&self, since: Timestamp) -> Result<u64> {
        total(self.db.rows(call!("mail_count_failed", since)).await?)
    }

    async fn purge_mails(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("mail_purge", before)).await
    }
}
