//! The region that the shared configuration file sets for the profile in use.
//!
//! Source: "Location of the shared config and credentials files" and "Shared config and credentials files" in
//! the AWS SDKs and Tools Reference Guide.

use std::path::PathBuf;

use super::small_file;
use crate::environment::EnvSnapshot;

/// The most that is read of the file.
const LIMIT: u64 = 1024 * 1024;

/// Reads the profile's region; `None` where there is no file, no such profile or no region in it.
pub fn region(env: &EnvSnapshot) -> Option<String> {
    let text = small_file::text(&path(env)?, LIMIT)?;
    parse(&text, env.get("AWS_PROFILE").unwrap_or("default"))
}

fn path(env: &EnvSnapshot) -> Option<PathBuf> {
    let home = || env.get("HOME").map(PathBuf::from);
    match env.get("AWS_CONFIG_FILE") {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => Some(home()?.join(rest)),
            None => Some(PathBuf::from(path)),
        },
        None => Some(home()?.join(".aws").join("config")),
    }
}

/// The `region` of a profile in a configuration file's text; `[profile default]` goes before `[default]`.
pub fn parse(text: &str, profile: &str) -> Option<String> {
    let mut plain = None;
    let mut prefixed = None;
    let mut section = None;
    for line in text.lines() {
        let content = line.split([';', '#']).next().unwrap_or_default().trim();
        if let Some(header) = content
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            let mut words = header.0.split_whitespace();
            section = match (words.next(), words.next(), words.next()) {
                (Some("profile"), Some(name), None) if name == profile => Some(&mut prefixed),
                (Some("default"), None, _) if profile == "default" => Some(&mut plain),
                _ => None,
            };
            continue;
        }
        // An indented line belongs to a nested setting, such as `s3 =`.
        let nested = line.starts_with([' ', '\t']);
        if let (false, Some(found), Some((key, value))) =
            (nested, section.as_mut(), content.split_once('='))
            && key.trim().eq_ignore_ascii_case("region")
        {
            **found = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    prefixed.or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[default]\nregion = eu-west-1 ; here\noutput=json\n\
        [profile work]\ns3 =\n  region = nowhere\nregion=us-east-2\n\
        [sso-session work]\nregion = ap-south-1\n[profile bare]\noutput = json\n";

    #[test]
    fn the_profile_in_use_counts() {
        assert_eq!(parse(FILE, "default").as_deref(), Some("eu-west-1"));
        assert_eq!(parse(FILE, "work").as_deref(), Some("us-east-2"));
        assert_eq!(parse(FILE, "bare"), None);
        assert_eq!(parse(FILE, "absent"), None);
        let both = "[profile default]\nregion=a\n[default]\nregion=b\n";
        assert_eq!(parse(both, "default").as_deref(), Some("a"));
    }

    #[test]
    fn the_file_is_found_as_the_sdks_find_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        std::fs::create_dir(dir.path().join(".aws")).unwrap();
        std::fs::write(dir.path().join(".aws/config"), FILE).unwrap();
        std::fs::write(dir.path().join("other"), "[default]\nregion=us-west-1\n").unwrap();
        let env = |vars: &[(&str, &str)]| EnvSnapshot::new(vars.iter().copied());
        let found = |vars: &[(&str, &str)]| region(&env(vars));
        assert_eq!(found(&[("HOME", home)]).as_deref(), Some("eu-west-1"));
        assert_eq!(
            found(&[("HOME", home), ("AWS_PROFILE", "work")]).as_deref(),
            Some("us-east-2")
        );
        assert_eq!(
            found(&[("HOME", home), ("AWS_CONFIG_FILE", "~/other")]).as_deref(),
            Some("us-west-1")
        );
        assert_eq!(found(&[("HOME", "/nonexistent")]), None);
        assert_eq!(found(&[]), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[\\[\\]=;# a-z\n\\PC]*", profile in "\\PC*") {
            let _ = parse(&text, &profile);
        }
    }
}
