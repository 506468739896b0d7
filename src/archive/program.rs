//! The digest of the program that runs, as the kernel has it open.

use std::fs::File;
use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};

/// The program itself, even where its file has been replaced since.
const OWN: &str = "/proc/self/exe";
/// No build of this program is larger.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// The SHA-256 of this program's file, in hexadecimal.
pub fn own_sha256() -> io::Result<String> {
    let mut file = File::open(OWN)?.take(LARGEST);
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => context.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let digest = context.finish();
    Ok(digest.as_ref().iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_digest_of_the_file() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(super::own_sha256().unwrap(), crate::evidence::sha256(&own));
    }
}
