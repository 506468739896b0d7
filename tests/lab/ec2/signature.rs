//! What a request's `Authorization` header says, as far as a server without the secret can tell.

/// The outcome of reading a Signature Version 4 header.
#[derive(Debug, PartialEq, Eq)]
pub enum Signed {
    /// No signature at all.
    Unsigned,
    /// Something that is no complete Signature Version 4, and what it lacks.
    Incomplete(String),
    /// A complete one.
    Complete(Scope),
}

/// The credential scope of a signed request.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub access_key: String,
    /// The date, `YYYYMMDD`.
    pub date: String,
    /// The region it was signed for.
    pub region: String,
    /// The service it was signed for.
    pub service: String,
}

/// Reads an `Authorization` header; `amz_date` and `host_present` are what the signature has to cover.
pub fn read(authorization: Option<&str>, amz_date: Option<&str>) -> Signed {
    let Some(authorization) = authorization else {
        return Signed::Unsigned;
    };
    let Some(fields) = authorization.strip_prefix("AWS4-HMAC-SHA256") else {
        return Signed::Incomplete(format!(
            "Unsupported authorization algorithm in '{authorization}'"
        ));
    };
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    };
    for name in ["Credential", "Signature", "SignedHeaders"] {
        if field(name).is_none() {
            return Signed::Incomplete(format!(
                "Authorization header requires '{name}' parameter. Authorization={authorization}"
            ));
        }
    }
    let signature = field("Signature").unwrap_or_default();
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Signed::Incomplete("The signature is not 64 hexadecimal digits".to_owned());
    }
    let headers: Vec<&str> = field("SignedHeaders").unwrap_or_default().split(';').collect();
    if !headers.contains(&"host") {
        return Signed::Incomplete(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        );
    }
    let Some(amz_date) = amz_date.filter(|_| headers.contains(&"x-amz-date")) else {
        return Signed::Incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                .to_owned(),
        );
    };
    let scope: Vec<&str> = field("Credential").unwrap_or_default().split('/').collect();
    match scope.as_slice() {
        [access_key, date, region, service, "aws4_request"] if amz_date.starts_with(date) => {
            Signed::Complete(Scope {
                access_key: (*access_key).to_owned(),
                date: (*date).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
            })
        }
        _ => Signed::Incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIALAB/20261121/us-east-1/ec2/aws4_request, \
        SignedHeaders=content-type;host;x-amz-date, \
        Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const DATE: Option<&str> = Some("20261121T050000Z");

    #[test]
    fn a_whole_header_gives_its_scope() {
        assert_eq!(
            read(Some(GOOD), DATE),
            Signed::Complete(Scope {
                access_key: "AKIALAB".to_owned(),
                date: "20261121".to_owned(),
                region: "us-east-1".to_owned(),
                service: "ec2".to_owned(),
            })
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(read(None, DATE), Signed::Unsigned);
        let incomplete = [
            read(Some("Bearer x"), DATE),
            read(Some("AWS4-HMAC-SHA256"), DATE),
            read(Some(&GOOD.replace("Signature=0", "Signature=z")), DATE),
            read(Some(&GOOD.replace(";host", "")), DATE),
            read(Some(&GOOD.replace("/ec2/", "/")), DATE),
            read(Some(GOOD), None),
            read(Some(GOOD), Some("20261120T050000Z")),
        ];
        for signed in incomplete {
            assert!(matches!(signed, Signed::Incomplete(_)), "{signed:?}");
        }
    }
}
