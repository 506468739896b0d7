//! A cause: what a rule believes, with the symptoms it explains.

use crate::symptoms::{Scene, Symptom, SymptomId};
use crate::verdict::finding::{Fix, Severity};

/// What a rule believes to be to blame.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The thing to change.
    pub subject: String,
    /// The symptoms that show this cause.
    pub explains: Vec<SymptomId>,
    /// The symptoms that follow from it.
    pub follows: Vec<SymptomId>,
    /// Set for what is said of the design or of the run itself and needs no symptom: how much it matters.
    pub alone: Option<Severity>,
    /// How much it matters at most, whatever follows from it.
    pub at_most: Option<Severity>,
    /// The services it concerns; empty to take those of the symptoms that show it.
    pub services: Vec<String>,
    /// The fact, in one sentence.
    pub title: String,
    /// The reasoning from the evidence to the cause.
    pub because: String,
    /// What was seen, one sentence each.
    pub evidence: Vec<String>,
    /// What mends it.
    pub fix: Fix,
}

impl Cause {
    /// A cause that these symptoms show.
    pub fn shown_by<'a>(
        subject: impl Into<String>,
        symptoms: impl IntoIterator<Item = &'a Symptom>,
    ) -> Self {
        let (explains, evidence) = symptoms
            .into_iter()
            .map(|symptom| (symptom.id, format!("{}.", symptom.text)))
            .unzip();
        Cause {
            subject: subject.into(),
            explains,
            follows: Vec::new(),
            alone: None,
            at_most: None,
            services: Vec::new(),
            title: String::new(),
            because: String::new(),
            evidence,
            fix: Fix::default(),
        }
    }

    /// A statement that stands by itself, with no symptom to show it.
    pub fn alone(subject: impl Into<String>, severity: Severity, services: Vec<String>) -> Self {
        Cause {
            subject: subject.into(),
            explains: Vec::new(),
            follows: Vec::new(),
            alone: Some(severity),
            at_most: None,
            services,
            title: String::new(),
            because: String::new(),
            evidence: Vec::new(),
            fix: Fix::default(),
        }
    }

    /// Only warns where the service is an optional one of the workload: those may be missing.
    #[must_use]
    pub fn may_be_missing(mut self, scene: &Scene<'_>, service: &str) -> Self {
        let optional = scene.target(service).is_some_and(|target| !target.required);
        self.at_most = optional.then_some(Severity::Warn);
        self
    }

    /// Says the fact.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Says the reasoning.
    #[must_use]
    pub fn because(mut self, because: impl Into<String>) -> Self {
        self.because = because.into();
        self
    }

    /// Adds a sentence of evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds what follows from the cause.
    #[must_use]
    pub fn follows(mut self, symptoms: impl IntoIterator<Item = SymptomId>) -> Self {
        for id in symptoms {
            if !self.follows.contains(&id) && !self.explains.contains(&id) {
                self.follows.push(id);
            }
        }
        self
    }

    /// Says what mends it.
    #[must_use]
    pub fn fix(mut self, summary: impl Into<String>, commands: Vec<String>) -> Self {
        self.fix = Fix {
            summary: summary.into(),
            commands,
            assume: Vec::new(),
        };
        self
    }

    /// Says what assumption stands for the fix.
    #[must_use]
    pub fn assume(mut self, assumption: impl Into<String>) -> Self {
        self.fix.assume.push(assumption.into());
        self
    }
}

/// Collects causes, one for each subject: what another symptom shows of the same subject joins the first, and so do the
/// commands that mend it in another place.
pub fn by_subject_in_all_places(causes: impl IntoIterator<Item = Cause>) -> Vec<Cause> {
    let causes: Vec<Cause> = causes.into_iter().collect();
    let mut merged = by_subject(causes.clone());
    for cause in &mut merged {
        let same = causes.iter().filter(|other| other.subject == cause.subject);
        for command in same.flat_map(|other| &other.fix.commands) {
            if !cause.fix.commands.contains(command) {
                cause.fix.commands.push(command.clone());
            }
        }
        let same = causes.iter().filter(|other| other.subject == cause.subject);
        for assumption in same.flat_map(|other| &other.fix.assume) {
            if !cause.fix.assume.contains(assumption) {
                cause.fix.assume.push(assumption.clone());
            }
        }
    }
    merged
}

/// Collects causes, one for each subject: what another symptom shows of the same subject joins the first.
pub fn by_subject(causes: impl IntoIterator<Item = Cause>) -> Vec<Cause> {
    let mut merged: Vec<Cause> = Vec::new();
    for cause in causes {
        let Some(known) = merged
            .iter_mut()
            .find(|known| known.subject == cause.subject)
        else {
            merged.push(cause);
            continue;
        };
        for id in cause.explains {
            if !known.explains.contains(&id) {
                known.explains.push(id);
            }
        }
        for id in cause.follows {
            if !known.follows.contains(&id) {
                known.follows.push(id);
            }
        }
        for service in cause.services {
            if !known.services.contains(&service) {
                known.services.push(service);
            }
        }
        known.evidence.extend(cause.evidence);
    }
    for cause in &mut merged {
        let explains = cause.explains.clone();
        cause.follows.retain(|id| !explains.contains(id));
    }
    merged
}

/// The text with a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}

/// The `--region` of a command to paste.
pub fn region_flag(scene: &Scene<'_>) -> String {
    match &scene.region {
        Some(region) => format!(" --region {region}"),
        None => String::new(),
    }
}

/// The range that holds one address only.
pub fn host_range(address: std::net::IpAddr) -> ipnet::IpNet {
    ipnet::IpNet::from(address)
}

/// The commands that let somebody with the permission read the VPC's configuration, and judge by it here.
pub fn inventory_commands(scene: &Scene<'_>) -> Vec<String> {
    let region = region_flag(scene);
    let vpc = match &scene.vpc_id {
        Some(vpc) => format!(" --vpc-id {vpc}"),
        None => String::new(),
    };
    vec![
        "vpcheck iam-policy".to_owned(),
        format!("vpcheck inventory{region}{vpc} -o inventory.json"),
        format!("vpcheck check{region} --inventory inventory.json"),
    ]
}

/// A word as a shell takes it literally.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
