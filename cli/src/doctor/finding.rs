//! What the doctor says: one finding, one line, one fix, one place in docs/doctor.md.
//!
//! The words are made where the facts are judged; this is only their form.

use serde::{Serialize, Serializer};

use crate::out::Mark;

/// Under which heading a finding stands, in the order in which they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Section {
    /// `failover.toml`.
    Config,
    /// Credentials and this machine's clock.
    Account,
    /// The hosted zone and its records.
    Dns,
    /// Route 53's health checks.
    Checks,
    /// What is served by TLS.
    Certificates,
    /// The gates as they answer from here.
    Gates,
    /// SSM of every observer.
    State,
    /// The global table of messages.
    Table,
    /// What the survivors of a drain could take.
    Quotas,
    /// The stacks.
    Deployment,
}

impl Section {
    /// The heading.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Section::Config => "config",
            Section::Account => "account",
            Section::Dns => "dns",
            Section::Checks => "checks",
            Section::Certificates => "certificates",
            Section::Gates => "gates",
            Section::State => "state",
            Section::Table => "table",
            Section::Quotas => "quotas",
            Section::Deployment => "deployment",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// A promise of the tool does not hold.
    Error,
    /// It holds today; something makes it weaker or soon will.
    Warning,
    /// Not known: it could not be read. Never a pass, never a fail.
    Unknown,
    /// As it should be.
    Ok,
}

impl From<Severity> for Mark {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Mark::Bad,
            Severity::Warning => Mark::Warn,
            Severity::Unknown => Mark::Unknown,
            Severity::Ok => Mark::Good,
        }
    }
}

macro_rules! anchors {
    ($($name:ident = $word:literal),+ $(,)?) => {
        /// A heading of docs/doctor.md.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Anchor { $(#[doc = $word] $name),+ }

        impl Anchor {
            /// Every one.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Anchor] = &[$(Anchor::$name),+];

            /// The heading's word, as in a link.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Anchor::$name => $word),+ }
            }
        }
    };
}

anchors! {
    PinnedEndpoints = "pinned-endpoints",
    CapacityUnknown = "capacity-unknown",
    TreeDiffers = "tree-differs",
    Credentials = "credentials",
    CredentialsLife = "credentials-life",
    ClockSkew = "clock-skew",
    HostedZone = "hosted-zone",
    RecordMissing = "record-missing",
    RecordWithoutCheck = "record-without-check",
    RecordWithoutTargetHealth = "record-without-target-health",
    RecordTarget = "record-target",
    RecordTtl = "record-ttl",
    RecordOfUnknownRegion = "record-of-unknown-region",
    RegionalPair = "regional-pair",
    CheckMissing = "check-missing",
    CheckDisabled = "check-disabled",
    NotEjectedThreshold = "not-ejected-threshold",
    NotEjectedChildren = "not-ejected-children",
    ControllersThreshold = "controllers-threshold",
    ControllersChildren = "controllers-children",
    EjectCheck = "eject-check",
    AliveCheck = "alive-check",
    HealthCheck = "health-check",
    AlarmCopy = "alarm-copy",
    CertificateExpired = "certificate-expired",
    CertificateExpiring = "certificate-expiring",
    CertificateUntrusted = "certificate-untrusted",
    CertificateMissing = "certificate-missing",
    GateSilent = "gate-silent",
    GateLine = "gate-line",
    VotesStale = "votes-stale",
    PoliciesDiffer = "policies-differ",
    StateUnreadable = "state-unreadable",
    StateNotWritable = "state-not-writable",
    IntentOverdue = "intent-overdue",
    TableReplicas = "table-replicas",
    TableStream = "table-stream",
    QuotaLambda = "quota-lambda",
    QuotaRequests = "quota-requests",
    QuotaConnections = "quota-connections",
    QuotaHealthChecks = "quota-health-checks",
    StackMissing = "stack-missing",
    StackParameters = "stack-parameters",
    TemplateDrift = "template-drift",
    NamesTaken = "names-taken",
    CouldNotBeRead = "could-not-be-read",
}

impl Anchor {
    /// Where it is read.
    pub(crate) fn link(self) -> String {
        format!("docs/doctor.md#{}", self.as_str())
    }
}

impl Serialize for Anchor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.link())
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Its heading.
    pub(crate) section: Section,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What is so, in one sentence without a full stop.
    pub(crate) sentence: String,
    /// What to do about it; nothing where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    /// Where it is explained.
    pub(crate) doc: Anchor,
}

/// Findings under one heading, as they are made.
pub(crate) struct Findings {
    section: Section,
    list: Vec<Finding>,
}

impl Findings {
    /// None yet.
    pub(crate) fn of(section: Section) -> Self {
        Self { section, list: Vec::new() }
    }

    /// As it should be.
    pub(crate) fn ok(&mut self, doc: Anchor, sentence: impl Into<String>) {
        self.add(Severity::Ok, doc, sentence.into(), None);
    }

    /// Weaker than it should be.
    pub(crate) fn warning(&mut self, doc: Anchor, sentence: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Warning, doc, sentence.into(), Some(fix.into()));
    }

    /// Broken.
    pub(crate) fn error(&mut self, doc: Anchor, sentence: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Error, doc, sentence.into(), Some(fix.into()));
    }

    /// Could not be read.
    pub(crate) fn unknown(&mut self, sentence: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Unknown, Anchor::CouldNotBeRead, sentence.into(), Some(fix.into()));
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn all_ok(&self) -> bool {
        self.list.iter().all(|finding| finding.severity == Severity::Ok)
    }

    /// All of them.
    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }

    /// Takes over what was found elsewhere under the same heading.
    pub(crate) fn extend(&mut self, other: Findings) {
        self.list.extend(other.list);
    }

    fn add(&mut self, severity: Severity, doc: Anchor, sentence: String, fix: Option<String>) {
        self.list.push(Finding { section: self.section, severity, sentence, fix, doc });
    }
}

/// How many there are of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) unknown: usize,
    pub(crate) ok: usize,
}

impl Tally {
    /// Counts.
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => tally.errors += 1,
                Severity::Warning => tally.warnings += 1,
                Severity::Unknown => tally.unknown += 1,
                Severity::Ok => tally.ok += 1,
            }
        }
        tally
    }

    /// 1 with errors; when strict, also with warnings and with what is not known.
    pub(crate) fn exit_code(self, strict: bool) -> u8 {
        u8::from(self.errors > 0 || (strict && self.warnings + self.unknown > 0))
    }
}
