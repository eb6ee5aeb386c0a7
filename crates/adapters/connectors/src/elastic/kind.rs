//! The types of data sources: their names and forms.

use serde_json::{Map, Value as Json, json};
use tessera_bi::SourceType;
use tessera_sqltext::{Dialect, Document};

/// A type of data source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one of today: the body of a search.
    Current,
    /// For data sources of before: other names of options.
    Older,
    /// The oldest one, whose query is a line of words.
    Kibana,
    /// The body of a search, signed for AWS.
    Amazon,
    /// SQL of Elasticsearch.
    XPack,
    /// SQL of OpenSearch, and of Open Distro before it.
    OpenDistro,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Current, Self::Older, Self::Kibana, Self::Amazon, Self::XPack, Self::OpenDistro];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Current => "elasticsearch2",
            Self::Older => "elasticsearch",
            Self::Kibana => "kibana",
            Self::Amazon => "aws_es",
            Self::XPack => "elasticsearch2_XPackSQLElasticSearch",
            Self::OpenDistro => "elasticsearch2_OpenDistroSQLElasticSearch",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Current | Self::Older => "Elasticsearch",
            Self::Kibana => "Kibana",
            Self::Amazon => "Amazon Elasticsearch Service",
            Self::XPack => "X-Pack SQL Elasticsearch",
            Self::OpenDistro => "Open Distro SQL Elasticsearch",
        }
    }

    /// The option that says where the server is.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Current | Self::XPack | Self::OpenDistro => "url",
            Self::Older | Self::Kibana | Self::Amazon => "server",
        }
    }

    /// The options of user and password; keys of AWS are something else.
    pub(super) const fn credential(self) -> [&'static str; 2] {
        match self {
            Self::Older | Self::Kibana => ["basic_auth_user", "basic_auth_password"],
            _ => ["username", "password"],
        }
    }

    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Self::XPack => Dialect::Elasticsearch,
            Self::OpenDistro => Dialect::OpenSearch,
            _ => Dialect::Document(Document::Json),
        }
    }

    pub(crate) fn source_type(self) -> SourceType {
        let sql = matches!(self, Self::XPack | Self::OpenDistro);
        SourceType {
            name: self.name(),
            title: self.title(),
            schema: self.form(),
            dialect: self.dialect(),
            syntax: if sql { "sql" } else { "json" },
            auto_limit: false,
            remarks: false,
            row_policy: false,
        }
    }

    fn form(self) -> Json {
        let [user, password] = self.credential();
        let titles = match self {
            Self::Amazon => return amazon(),
            Self::Older | Self::Kibana => ["Base URL", "Basic Auth User", "Basic Auth Password"],
            _ => ["URL base path", "HTTP Basic Auth Username", "HTTP Basic Auth Password"],
        };
        let names = [self.address(), user, password];
        let properties: Map<String, Json> = names
            .iter()
            .zip(titles)
            .map(|(name, title)| ((*name).to_owned(), json!({ "type": "string", "title": title })))
            .collect();
        json!({
            "type": "object", "properties": properties, "order": names, "secret": [password],
            "required": [self.address()],
        })
    }
}

fn amazon() -> Json {
    json!({
        "type": "object",
        "properties": {
            "server": { "type": "string", "title": "Endpoint" },
            "region": { "type": "string" },
            "access_key": { "type": "string", "title": "Access Key" },
            "secret_key": { "type": "string", "title": "Secret Key" },
            "use_aws_iam_profile": { "type": "boolean", "title": "Use AWS IAM Profile" },
        },
        "secret": ["secret_key"],
        "order": ["server", "region", "access_key", "secret_key", "use_aws_iam_profile"],
        "required": ["server", "region"],
    })
}
