//! Keeps a run's evidence, verifies it, and makes the key that signs it.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::archive::{self, Limits};
use crate::cli::VerifyArgs;
use crate::config::{DEFAULT_SIGNING_KEY, KmsKey, Settings, SigningKey};
use crate::evidence::{Draft, PublicKey, Sign, SignError, lines};
use crate::facts::Facts;
use crate::gather::aws::AwsAccess;
use crate::gather::aws::kms::KmsSigningKey;
use crate::gather::{self, Bounds};
use crate::verdict::Report;

use super::{AppError, FAIL, PASS, gathering, output};

/// The evidence of a run that has begun.
pub(super) struct Record {
    directory: PathBuf,
    /// The program's own digest, in the making while the run waits for the network.
    program: Option<JoinHandle<std::io::Result<String>>>,
}

impl Record {
    /// Begins the evidence of a run, if the settings ask for any.
    pub(super) fn begin(settings: &Settings) -> Option<Record> {
        let directory = settings.evidence.clone()?;
        let thread = std::thread::Builder::new().name("digest".to_owned());
        Some(Record {
            directory,
            program: thread.spawn(archive::own_sha256).ok(),
        })
    }

    /// Writes it and gives its file. What keeps it from being signed is logged; only what keeps it from being written is
    /// an error.
    pub(super) fn keep(
        self,
        settings: &Settings,
        facts: &Facts,
        report: &Report,
    ) -> Result<PathBuf, AppError> {
        let program = match self.program.map(JoinHandle::join) {
            Some(Ok(Ok(digest))) => Some(digest),
            Some(Ok(Err(error))) => {
                tracing::warn!("the program's own digest is not in the evidence: {error}");
                None
            }
            Some(Err(_)) | None => None,
        };
        let draft =
            Draft::new(facts, report, program).map_err(crate::archive::ArchiveError::from)?;
        let limits = Limits {
            retention: settings.retention.map(Duration::from),
        };
        let appended = with_signer(settings, facts, |signer| {
            archive::append(&self.directory, &draft, signer, limits)
        })?;
        if let Some(reason) = &appended.unsigned {
            tracing::error!("the evidence is not signed: {}", shown(reason));
        }
        for warning in &appended.warnings {
            tracing::warn!("{}", shown(warning));
        }
        tracing::info!(
            "evidence: {}, sha256:{}",
            appended.file.file,
            appended.file.sha256
        );
        Ok(self.directory.join(&appended.file.file))
    }
}

/// Verifies evidence and says what is proven.
pub(super) fn verify(settings: &Settings, arguments: &VerifyArgs) -> Result<u8, AppError> {
    let keys = public_keys(settings, arguments)?;
    let verification = archive::verify(&arguments.evidence, &keys)?;
    match arguments.format.as_str() {
        "human" => {
            for text in lines(&verification) {
                output::line(&text)?;
            }
        }
        "json" => {
            let mut bytes = serde_json::to_vec_pretty(&verification)
                .map_err(|error| AppError::Output(std::io::Error::other(error)))?;
            bytes.push(b'\n');
            output::standard(&bytes)?;
        }
        other => {
            return Err(AppError::Unknown(format!(
                "--format: expected human or json, found {other:?}"
            )));
        }
    }
    Ok(match verification.proven {
        true => PASS,
        false => FAIL,
    })
}

/// Makes a signing key and prints its public half.
pub(super) fn make_key(path: &Path) -> Result<u8, AppError> {
    let made = archive::make_key(path)?;
    output::standard(made.public.to_pem().as_bytes())?;
    output::line(&format!("key id: {}", made.public.id()))?;
    Ok(PASS)
}

/// The keys named, else the one beside the signing key, else none.
fn public_keys(settings: &Settings, arguments: &VerifyArgs) -> Result<Vec<PublicKey>, AppError> {
    if !arguments.public_key.is_empty() {
        let keys = arguments.public_key.iter();
        return Ok(keys
            .map(|path| archive::read_public(path))
            .collect::<Result<_, _>>()?);
    }
    let beside = match &settings.signing_key {
        Some(SigningKey::File(path)) => archive::public_beside(path),
        Some(SigningKey::Kms(_)) => return Ok(Vec::new()),
        None => archive::public_beside(Path::new(DEFAULT_SIGNING_KEY)),
    };
    match beside.try_exists() {
        Ok(true) => Ok(vec![archive::read_public(&beside)?]),
        _ => Ok(Vec::new()),
    }
}

/// Calls with what signs, or with why nothing does.
fn with_signer<T>(
    settings: &Settings,
    facts: &Facts,
    use_it: impl FnOnce(Result<&dyn Sign, &str>) -> T,
) -> T {
    let file = match &settings.signing_key {
        Some(SigningKey::File(path)) => path.clone(),
        Some(SigningKey::Kms(key)) => return with_kms(settings, facts, key, use_it),
        None => PathBuf::from(DEFAULT_SIGNING_KEY),
    };
    match archive::read_key(&file) {
        Ok(key) => use_it(Ok(&key)),
        Err(error) => use_it(Err(&error.to_string())),
    }
}

fn with_kms<T>(
    settings: &Settings,
    facts: &Facts,
    key: &KmsKey,
    use_it: impl FnOnce(Result<&dyn Sign, &str>) -> T,
) -> T {
    let opened = || -> Result<(Runtime, AwsAccess, Bounds), String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let trust = gathering::trust(settings).map_err(|error| error.to_string())?;
        let access = gather::api_access(key.region.as_str(), &trust, &facts.host);
        // The gathering has had its deadline: these few calls have limits of their own.
        let limit = Duration::from_millis(settings.request.timeout_ms);
        let bounds = Bounds::new(limit, limit.saturating_mul(4), watch::channel(false).1);
        Ok((runtime, access, bounds))
    };
    let (runtime, access, bounds) = match opened() {
        Ok(opened) => opened,
        Err(reason) => return use_it(Err(&reason)),
    };
    let found = runtime
        .block_on(KmsSigningKey::open(&bounds, &access, &key.arn))
        .map_err(|failure| failure.detail)
        .and_then(|key| {
            let public = PublicKey::from_spki(key.spki()).map_err(|error| error.to_string())?;
            Ok((key, public))
        });
    match found {
        Ok((key, public)) => use_it(Ok(&Kms {
            runtime: &runtime,
            bounds: &bounds,
            key,
            public,
        })),
        Err(reason) => use_it(Err(&reason)),
    }
}

/// A KMS key that signs for whoever cannot wait for a future.
struct Kms<'a> {
    runtime: &'a Runtime,
    bounds: &'a Bounds,
    key: KmsSigningKey<'a>,
    public: PublicKey,
}

impl Sign for Kms<'_> {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest = crate::evidence::sha256_bytes(message);
        let signing = self.key.sign(self.bounds, &digest);
        let signature = self
            .runtime
            .block_on(signing)
            .map_err(|failure| SignError(failure.detail))?;
        match self.public.verifies(message, &signature) {
            true => Ok(signature),
            false => Err(SignError(
                "kms:Sign: the signature is not the key's".to_owned(),
            )),
        }
    }
}

fn shown(text: &str) -> String {
    crate::render::escape::terminal(text).to_string()
}
