//! Requests of the EC2 query protocol: the form, its lists, filters and pages.

use std::collections::BTreeMap;

use super::Refusal;

/// The parameters of one call.
#[derive(Debug)]
pub struct Query {
    parameters: BTreeMap<String, String>,
}

impl Query {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(form: &[u8]) -> Self {
        Self {
            parameters: url::form_urlencoded::parse(form).into_owned().collect(),
        }
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// A parameter the call cannot do without.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::new(
                400,
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// A flattened list (`Name.1`, `Name.2`, …), in the order of its numbers.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<(u32, &str)> = self
            .parameters
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix('.')?.parse().ok()?;
                Some((number, value.as_str()))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// `Filter.n.Name` with its `Filter.n.Value.m`.
    pub fn filters(&self) -> Vec<Filter<'_>> {
        let mut numbers: Vec<u32> = self
            .parameters
            .keys()
            .filter_map(|key| {
                key.strip_prefix("Filter.")?
                    .strip_suffix(".Name")?
                    .parse()
                    .ok()
            })
            .collect();
        numbers.sort_unstable();
        numbers
            .into_iter()
            .map(|n| Filter {
                name: self.get(&format!("Filter.{n}.Name")).unwrap_or_default(),
                values: self.list(&format!("Filter.{n}.Value")),
            })
            .collect()
    }

    /// The part of `items` this call asked for, and the token of the next part.
    ///
    /// `at_most` is the world's own limit (0: none). AWS forbids `MaxResults` beside explicit ids.
    pub fn page<T>(
        &self,
        items: Vec<T>,
        limits: Limits,
        at_most: usize,
        explicit_ids: bool,
    ) -> Result<Page<T>, Refusal> {
        let asked = match self.get("MaxResults") {
            None => None,
            Some(_) if explicit_ids => {
                return Err(Refusal::new(
                    400,
                    "InvalidParameterCombination",
                    "The parameter MaxResults cannot be used with explicit identifiers",
                ));
            }
            Some(text) => match text.parse::<usize>() {
                Ok(n) if n >= limits.least && (n <= limits.most || limits.clamps) => {
                    Some(n.min(limits.most))
                }
                _ => {
                    return Err(Refusal::new(
                        400,
                        "InvalidParameterValue",
                        format!(
                            "Value ( {text} ) for parameter maxResults is invalid. Expecting a value between {} and {}",
                            limits.least, limits.most
                        ),
                    ));
                }
            },
        };
        let action = self.get("Action").unwrap_or_default();
        let offset = match self.get("NextToken") {
            None | Some("") => 0,
            Some(token) => offset_of(token, action)
                .filter(|offset| *offset <= items.len())
                .ok_or_else(|| {
                    Refusal::new(
                        400,
                        "InvalidNextToken",
                        format!("The token '{token}' is invalid"),
                    )
                })?,
        };
        let own = if at_most == 0 { usize::MAX } else { at_most };
        let size = asked.unwrap_or(usize::MAX).min(own);
        let total = items.len();
        let items: Vec<T> = items.into_iter().skip(offset).take(size).collect();
        let end = offset + items.len();
        Ok(Page {
            items,
            next: (end < total).then(|| token_for(end, action)),
        })
    }
}

/// What an action accepts as `MaxResults`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The least.
    pub least: usize,
    /// The most.
    pub most: usize,
    /// Whether more than the most counts as the most, else it is an error.
    pub clamps: bool,
}

/// Part of an answer.
#[derive(Debug)]
pub struct Page<T> {
    /// What is in this part.
    pub items: Vec<T>,
    /// What to send for the next part; none when this is the last.
    pub next: Option<String>,
}

/// One filter: a field and the values it may have.
#[derive(Debug)]
pub struct Filter<'a> {
    /// The filter's name, case-sensitive.
    pub name: &'a str,
    /// Its values, any of which will do; `*` and `?` are wildcards.
    pub values: Vec<&'a str>,
}

impl Filter<'_> {
    /// Whether one of these values of an item passes.
    pub fn passes<T: AsRef<str>>(&self, of_item: impl IntoIterator<Item = T>) -> bool {
        of_item.into_iter().any(|value| {
            self.values
                .iter()
                .any(|pattern| wildcard(pattern, value.as_ref()))
        })
    }

    /// AWS's answer to a name it does not know.
    pub fn unknown(&self) -> Refusal {
        Refusal::new(
            400,
            "InvalidParameterValue",
            format!("The filter '{}' is invalid", self.name),
        )
    }
}

/// Matches `*` (any run) and `?` (any one character), case-sensitively.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    // Filters of two hundred names are asked of hundreds of offers.
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how much of the text it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    star = Some((at, swallowed + 1));
                    p = at + 1;
                    t = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Tokens are opaque to callers and good for one action only, as AWS's are.
fn token_for(offset: usize, action: &str) -> String {
    format!("{action}:{offset}")
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn offset_of(token: &str, action: &str) -> Option<usize> {
    let bytes: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?)
        .ok()?
        .strip_prefix(action)?
        .strip_prefix(':')?
        .parse()
        .ok()
}

#[cfg(test)]
// A program without the test harness has this module but not its tests.
#[allow(unused_imports)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        least: 5,
        most: 1000,
        clamps: false,
    };

    #[test]
    fn lists_and_filters_keep_their_order() {
        let query = Query::parse(
            b"Action=DescribeVpcs&VpcId.2=b&VpcId.10=c&VpcId.1=a+1&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-%2A",
        );
        assert_eq!(query.list("VpcId"), ["a 1", "b", "c"]);
        let filters = query.filters();
        assert_eq!(filters.len(), 1);
        assert_eq!(filters[0].name, "vpc-id");
        assert!(filters[0].passes(["vpc-22"]));
        assert!(!filters[0].passes(["subnet-1"]));
        assert!(!filters[0].passes(Vec::<&str>::new()));
    }

    #[test]
    fn pages_follow_one_another_until_there_is_no_token() {
        let mut seen = Vec::new();
        let mut token = String::new();
        for _ in 0..10 {
            let form = format!("Action=DescribeVpcs&MaxResults=5&NextToken={token}");
            let page = Query::parse(form.as_bytes())
                .page((0..12).collect(), LIMITS, 0, false)
                .expect("a page");
            seen.extend(page.items);
            match page.next {
                Some(next) => token = next,
                None => break,
            }
        }
        assert_eq!(seen, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn tokens_of_another_action_and_small_pages_are_refused() {
        let token = token_for(1, "DescribeSubnets");
        let form = format!("Action=DescribeVpcs&NextToken={token}");
        let refusal = Query::parse(form.as_bytes())
            .page(vec![1, 2], LIMITS, 0, false)
            .expect_err("not its token");
        assert_eq!(refusal.code, "InvalidNextToken");
        let capped = Query::parse(b"Action=DescribeVpcs").page(vec![1, 2, 3], LIMITS, 2, false);
        assert_eq!(capped.expect("a page").items, [1, 2]);
        for token in ["%F0%9F%92%A9", "zz", "f"] {
            let form = format!("Action=DescribeVpcs&NextToken={token}");
            assert!(
                Query::parse(form.as_bytes())
                    .page(vec![1], LIMITS, 0, false)
                    .is_err()
            );
        }
        let refusal = Query::parse(b"Action=DescribeVpcs&MaxResults=1")
            .page(vec![1], LIMITS, 0, false)
            .expect_err("too small");
        assert_eq!(refusal.code, "InvalidParameterValue");
        assert!(
            Query::parse(b"Action=DescribeVpcs&MaxResults=5")
                .page(vec![1], LIMITS, 0, true)
                .is_err()
        );
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("sqs:*", "sqs:SendMessage", true),
            ("a*b*c", "a-b-b-c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("abc", "abcd", false),
            ("", "a", false),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        }
    }
}
