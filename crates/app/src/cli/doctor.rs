//! `tessera doctor`: says what works and what does not, and what to do about it.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use tessera_access::{ListSources, TestSource};
use tessera_bi::ports::StoreHealth;

use super::output;
use super::session::Session;
use crate::channels;
use crate::compose::{self, Core, explain};
use crate::config::Config;

pub(super) async fn run(config: Config, as_json: bool) -> Result<()> {
    let mut findings: Vec<(String, Result<String>)> = Vec::new();
    findings
        .push(("settings".to_owned(), compose::kit_settings(&config).map(|_| "good".to_owned())));
    match compose::core(&config, None).await {
        Ok(core) => {
            let store = core.store.ping().await.map_err(explain);
            findings.push(("store".to_owned(), store.map(|()| "answers".to_owned())));
            findings.push(("data folder".to_owned(), writable(&config)));
            findings.push(("mail".to_owned(), mail(&config, &core).await));
        }
        Err(error) => findings.push(("store".to_owned(), Err(error))),
    }
    match Session::open(&config).await {
        Ok(session) => sources(&session, &mut findings).await?,
        Err(error) => findings.push(("setup".to_owned(), Err(error))),
    }
    let failed = findings.iter().filter(|(_, finding)| finding.is_err()).count();
    let rows: Vec<Vec<Value>> = findings
        .into_iter()
        .map(|(what, finding)| match finding {
            Ok(detail) => vec![json!(what), json!("ok"), json!(detail)],
            Err(error) => vec![json!(what), json!("FAILED"), json!(format!("{error:#}"))],
        })
        .collect();
    output::table(&["what", "state", "detail"], &rows, as_json)?;
    if failed > 0 {
        bail!("{failed} of {} checks failed", rows.len());
    }
    Ok(())
}

/// Whether the mail server takes mail from here, and whether mails were given up of late.
async fn mail(config: &Config, core: &Core) -> Result<String> {
    if config.mail.host.is_empty() {
        return Ok("no mail server is configured (mail.host): links are carried by people".into());
    }
    channels::smtp(config, &core.clock)?.probe().await.map_err(explain)?;
    let since = core.clock.now() - chrono::TimeDelta::days(1);
    match core.access.mails.count_failed(since).await.map_err(explain)? {
        0 => Ok(format!("{} takes mail from here", config.mail.host)),
        lost => bail!("{lost} mails were given up within a day; see GET /v1/system/mails"),
    }
}

fn writable(config: &Config) -> Result<String> {
    let probe = config.data.join(".doctor");
    std::fs::write(&probe, b"probe")?;
    std::fs::remove_file(&probe)?;
    Ok(format!("{} can be written", config.data.display()))
}

async fn sources(session: &Session, findings: &mut Vec<(String, Result<String>)>) -> Result<()> {
    let grant = session.permit(ListSources {}).await?;
    let service = &session.core.bi.sources;
    for view in service.list(&grant).await.map_err(explain)? {
        let grant = session.permit(TestSource { source: view.source.id }).await?;
        let tested = service.test(&grant).await.map_err(explain);
        let name = format!("source {} ({})", view.source.id, view.source.name);
        findings.push((name, tested.map(|()| "connects".to_owned())));
    }
    Ok(())
}
