//! The lab: a VPC on one machine, without a network and without root, with AWS's own names and addresses.
//!
//! [`Lab::enter`] takes the process (it must have one thread only) into namespaces of its own, lays out what a [`World`]
//! describes and serves it: resolvers, endpoints with TLS, instance and task metadata, and what an agent calls of EC2 and
//! SQS. A command run by [`Lab::command`] finds the real addresses answering, and cannot tell the lab from a VPC.
//!
//! | part | plays |
//! |---|---|
//! | `world` | the description; the healthy one is its default |
//! | `physics` | what becomes of a SYN, derived from groups, ACLs and routes |
//! | `namespace` | devices, routes, resolv.conf, hosts, trust store |
//! | `driver` | the count that a Nitro interface's driver keeps |
//! | `dns`, `public_names`, `sockets` | the VPC resolver, further resolvers, the public side |
//! | `pki`, `https`, `wire`, `http` | certificates, TLS and HTTP of every endpoint |
//! | `ec2`, `sqs` | the two APIs an agent calls |
//! | `store` | S3 and Parameter Store, as far as an inventory is fetched from them |
//! | `metadata` | IMDS, ECS task metadata, pod identity |
//! | `hostile` | servers that hang, stall half-way, reset, and answer garbage or without end |
//! | `turn` | a world that changes while it is played |
//! | `scenario` | a world, a command line and the findings expected, from a TOML file |
//! | `fix` | what the commands of a finding's fix make of a scenario |

// Every program that includes the lab uses a part of it.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used
)]

pub mod dns;
pub mod driver;
pub mod ec2;
pub mod fix;
pub mod hostile;
pub mod http;
pub mod https;
pub mod metadata;
pub mod namespace;
pub mod physics;
pub mod pki;
pub mod public_names;
pub mod scenario;
pub mod sockets;
pub mod sqs;
pub mod store;
pub mod turn;
pub mod wire;
pub mod world;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use https::Services;
use pki::Pki;
use world::{EnvironmentKind, World};

/// A running lab. The process stays inside for the rest of its life.
pub struct Lab {
    world: Arc<World>,
    directory: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// What a command did inside.
#[derive(Debug)]
pub struct Ran {
    /// How it ended; none: it was stopped after its time was up.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// How long it took.
    pub wall: Duration,
}

impl Lab {
    /// Enters the world. To be called before the process starts any thread.
    pub fn enter(world: World) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("vpcheck-lab-")
            .tempdir()
            .map_err(|e| format!("cannot make a directory for the lab: {e}"))?;
        if !world.host.linklocal_allowance_exceeded.is_empty() {
            driver::build(directory.path())?;
        }
        let pki = Pki::new(&world)?;
        write(directory.path(), "service-roots.pem", &pki.service_roots())?;
        let trust = pki.trust_store(&world);
        write(directory.path(), "trust.pem", &trust)?;
        write(directory.path(), "pod-token", metadata::POD_TOKEN)?;
        let peers = physics::peers(&world);
        let resolvers = dns::servers(&world);
        let metadata_servers = metadata::servers(&world);
        let local: Vec<_> = resolvers
            .iter()
            .map(|(address, _)| *address)
            .chain(metadata_servers.iter().map(|(address, _)| *address))
            .collect();
        namespace::enter()?;
        namespace::lay_network(&world, &peers, &local)?;
        namespace::lay_files(&world, directory.path(), &trust)?;
        let world = Arc::new(world);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| format!("cannot start the lab's servers: {e}"))?;
        let services = Arc::new(Services {
            world: Arc::clone(&world),
            pki,
            ec2: ec2::Ec2::new(Arc::clone(&world)),
            sqs: sqs::Sqs::new(Arc::clone(&world)),
            store: store::Store::default(),
        });
        runtime.block_on(async {
            for (address, view) in resolvers {
                dns::serve(Arc::clone(&world), address, view)
                    .await
                    .map_err(|e| format!("cannot answer DNS on {address}: {e}"))?;
            }
            for (address, kind) in metadata_servers {
                if let Some(kind) = kind {
                    metadata::serve(Arc::clone(&world), address, kind)
                        .map_err(|e| format!("cannot serve metadata on {address}: {e}"))?;
                }
            }
            https::serve(services, peers).map_err(|e| format!("cannot serve HTTPS: {e}"))
        })?;
        Ok(Self {
            world,
            directory,
            _runtime: runtime,
        })
    }

    /// The world this is.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Makes the world this one from now on, as far as [`turn`] can.
    pub fn turn(&self, world: World) -> Result<(), String> {
        turn::turn(&self.world, world)
    }

    /// The PEM file of the roots the services' certificates chain to, for `--service-roots`.
    pub fn service_roots(&self) -> PathBuf {
        self.directory.path().join("service-roots.pem")
    }

    /// A directory for a command's files, gone with the lab.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The queue's URL in this world.
    pub fn queue_url(&self, name: &str) -> String {
        queue_url(&self.world, name)
    }

    /// A command whose environment is the world's: nothing of the caller's but `PATH` and `TERM`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment());
        for name in ["PATH", "TERM", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Runs a command to its end, or for `limit`.
    pub fn run(&self, command: Command, limit: Duration) -> Result<Ran, String> {
        self.run_watched(command, limit, |_, _| {})
    }

    /// As [`Lab::run`], and shows every few milliseconds the process's id and how long it has been running.
    pub fn run_watched(
        &self,
        mut command: Command,
        limit: Duration,
        mut watch: impl FnMut(u32, Duration),
    ) -> Result<Ran, String> {
        let start = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| {
                format!(
                    "cannot run {}: {e}",
                    Path::new(command.get_program()).display()
                )
            })?;
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let status = loop {
            match child.try_wait().map_err(|e| e.to_string())? {
                Some(status) => break Some(status),
                None if start.elapsed() > limit => {
                    // It may have ended this instant.
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                None => {
                    watch(child.id(), start.elapsed());
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        };
        let wall = start.elapsed();
        Ok(Ran {
            status,
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
            wall,
        })
    }

    /// The environment variables of the place the agent runs in.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let world = &self.world;
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |name: &str, value: &str| {
            all.insert(name.to_owned(), value.to_owned());
        };
        set("HOME", &self.directory.path().display().to_string());
        set("LANG", "C.UTF-8");
        if !namespace::has_trust_store() {
            set(
                "SSL_CERT_FILE",
                &self
                    .directory
                    .path()
                    .join("trust.pem")
                    .display()
                    .to_string(),
            );
        }
        let kind = world.environment.kind;
        if !matches!(kind, EnvironmentKind::Ec2 | EnvironmentKind::Other) {
            set("AWS_REGION", &world.region);
            set("AWS_DEFAULT_REGION", &world.region);
        }
        match kind {
            EnvironmentKind::Fargate | EnvironmentKind::EcsEc2 => {
                let fargate = kind == EnvironmentKind::Fargate;
                set(
                    "AWS_EXECUTION_ENV",
                    if fargate {
                        "AWS_ECS_FARGATE"
                    } else {
                        "AWS_ECS_EC2"
                    },
                );
                set(
                    "ECS_CONTAINER_METADATA_URI_V4",
                    &format!("http://169.254.170.2/v4/{}", metadata::TASK_PATH),
                );
                if world.credentials.source == "default" {
                    set(
                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                        metadata::TASK_CREDENTIALS,
                    );
                }
            }
            EnvironmentKind::Eks => {
                set("KUBERNETES_SERVICE_HOST", "172.20.0.1");
                set("KUBERNETES_SERVICE_PORT", "443");
                set("AWS_STS_REGIONAL_ENDPOINTS", "regional");
                if world.credentials.source == "default" {
                    let token = self
                        .directory
                        .path()
                        .join("pod-token")
                        .display()
                        .to_string();
                    set(
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                        "http://169.254.170.23/v1/credentials",
                    );
                    set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
                }
            }
            EnvironmentKind::Lambda => {
                set("AWS_LAMBDA_FUNCTION_NAME", "app");
                set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
                set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
                set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
                set("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023");
                set("LAMBDA_TASK_ROOT", "/var/task");
            }
            EnvironmentKind::Ec2 | EnvironmentKind::Other => {}
        }
        let in_variables = match world.credentials.source.as_str() {
            "env" => true,
            "default" => kind == EnvironmentKind::Lambda,
            _ => false,
        };
        if in_variables {
            set("AWS_ACCESS_KEY_ID", metadata::ACCESS_KEY_ID);
            set("AWS_SECRET_ACCESS_KEY", metadata::SECRET_ACCESS_KEY);
            set("AWS_SESSION_TOKEN", metadata::SESSION_TOKEN);
        }
        let counts = &world.host.linklocal_allowance_exceeded;
        if !counts.is_empty() {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            set(driver::COUNTS, &counts.join(","));
            set(
                "LD_PRELOAD",
                &driver::library(self.directory.path()).display().to_string(),
            );
        }
        for (name, value) in &world.environment.variables {
            if value.is_empty() {
                all.remove(name);
            } else {
                all.insert(name.clone(), value.clone());
            }
        }
        all
    }
}

/// The URL of a queue of the caller's account in the world's region.
pub fn queue_url(world: &World, name: &str) -> String {
    format!(
        "https://sqs.{}.{}/{}/{name}",
        world.region,
        world.dns_suffix(),
        world.account_id
    )
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = directory.join(name);
    fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn drain(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is still worth showing.
            let _ = stream.read_to_end(&mut bytes);
        }
        bytes
    })
}
