//! The template of the endpoints that are missing, for worlds from which some were taken away.

use std::io::Write;

use serde_json::{Value, json};
use vpcheck::facts::Facts;
use vpcheck::facts::inventory::Inventory;
use vpcheck::render::cloudformation;
use vpcheck::verdict::{Remedy, report};

use super::samples::HOSTILE;

const INSTANCE: &str = include_str!("../bench/facts/healthy-targets.json");
const TASK: &str = include_str!("../bench/facts/healthy-fargate.json");

/// Recorded facts, to be changed.
struct World(Value);

impl World {
    fn of(recorded: &str) -> World {
        World(serde_json::from_str(recorded).unwrap())
    }

    fn seen(&mut self, section: &str) -> &mut Vec<Value> {
        self.0["inventory"][section]["seen"].as_array_mut().unwrap()
    }

    /// Takes a service's endpoint away: its interfaces, its routes, and its addresses from the answers.
    fn without(mut self, service: &str) -> World {
        let end = format!(".{service}");
        let is_its = |endpoint: &Value| endpoint["service_name"].as_str().unwrap().ends_with(&end);
        let endpoints = self.seen("endpoints");
        let gone = endpoints.iter().find(|e| is_its(e)).unwrap().clone();
        endpoints.retain(|endpoint| !is_its(endpoint));
        let interfaces = gone["interface_ids"].as_array().unwrap().clone();
        self.seen("network_interfaces")
            .retain(|interface| !interfaces.contains(&interface["id"]));
        for table in self.seen("route_tables") {
            let routes = table["routes"].as_array_mut().unwrap();
            routes.retain(|route| route["target"] != gone["id"]);
        }
        self.answers_publicly(service)
    }

    fn answers_publicly(mut self, service: &str) -> World {
        for name in self.0["names"].as_array_mut().unwrap() {
            if name["service"] != service {
                continue;
            }
            for lookup in name["lookups"].as_array_mut().unwrap() {
                let records = lookup["answer"]["seen"]["records"].as_array_mut();
                for record in records.into_iter().flatten() {
                    record["address"] = json!("52.94.1.1");
                }
            }
            name["system"]["seen"] = json!(["52.94.1.1"]);
        }
        self
    }

    /// Nothing of the VPC's configuration was read.
    fn without_inventory(mut self) -> World {
        let none = Inventory::none("--inventory off");
        self.0["inventory"] = serde_json::to_value(none).unwrap();
        self
    }

    fn facts(self) -> Facts {
        serde_json::from_value(self.0).unwrap()
    }

    fn template(self) -> String {
        template(&self.facts())
    }
}

fn template(facts: &Facts) -> String {
    let mut out = Vec::new();
    cloudformation::write(&Remedy::of(facts, &report(facts)), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The same world in a Region of China.
fn in_china(recorded: &str) -> String {
    let there = recorded
        .replace(
            "com.amazonaws.us-east-1.ec2",
            "cn.com.amazonaws.us-east-1.ec2",
        )
        .replace("us-east-1.amazonaws.com", "us-east-1.amazonaws.com.cn")
        .replace("\"partition\":\"aws\"", "\"partition\":\"aws-cn\"");
    there.replace("us-east-1", "cn-north-1")
}

#[test]
fn several_endpoints_and_a_gateway_of_a_task() {
    let world = World::of(TASK)
        .without("ecr.dkr")
        .without("s3")
        .without("logs");
    insta::assert_snapshot!("cloudformation-several", world.template());
}

#[test]
fn one_gateway_and_nothing_else() {
    insta::assert_snapshot!(
        "cloudformation-gateway",
        World::of(TASK).without("s3").template()
    );
}

#[test]
fn nothing_of_the_vpc_is_known() {
    let mut world = World::of(TASK)
        .without("ecr.dkr")
        .without("s3")
        .without_inventory();
    for key in ["vpc_id", "subnet_id"] {
        world.0["host"][key] = Value::Null;
    }
    for key in ["vpc_cidrs", "subnet_cidrs", "group_ids"] {
        world.0["host"][key] = json!([]);
    }
    insta::assert_snapshot!("cloudformation-no-inventory", world.template());
}

#[test]
fn in_the_partition_of_china() {
    let mut world = World::of(&in_china(INSTANCE)).without("sqs").without("kms");
    // The catalogue's own word: nothing is on offer that would say it.
    world.seen("endpoint_services").clear();
    insta::assert_snapshot!("cloudformation-china", world.template());
}

#[test]
fn nothing_is_missing() {
    insta::assert_snapshot!("cloudformation-nothing", World::of(INSTANCE).template());
}

#[test]
fn a_route_table_beside_an_endpoint_that_is_there_is_a_comment() {
    let mut world = World::of(TASK).answers_publicly("s3");
    for table in world.seen("route_tables") {
        let routes = table["routes"].as_array_mut().unwrap();
        routes.retain(|route| !route["target"].as_str().unwrap().starts_with("vpce-"));
    }
    let endpoints = world.seen("endpoints").iter_mut();
    for endpoint in endpoints.filter(|endpoint| endpoint["kind"] == "Gateway") {
        endpoint["route_table_ids"] = json!([]);
    }
    insta::assert_snapshot!("cloudformation-route", world.template());
}

#[test]
fn a_service_stands_only_in_zones_that_offer_it() {
    let mut world = World::of(INSTANCE).without("sqs").without("kms");
    for offer in world.seen("endpoint_services") {
        if offer["name"].as_str().unwrap().ends_with(".kms") {
            offer["availability_zones"] = json!(["us-east-1b"]);
        }
    }
    // A Local Zone has no endpoints of AWS services.
    let mut local = world.seen("subnets")[0].clone();
    local["id"] = json!("subnet-0000000000000bos1");
    local["availability_zone"] = json!("us-east-1-bos-1a");
    world.seen("subnets").push(local);
    let template = world.template();
    assert!(template.contains("  KmsSubnetIds:\n    Type: List<AWS::EC2::Subnet::Id>\n    Default: \"subnet-0a000000000000011\""), "{template}");
    assert!(template.contains("SubnetIds: !Ref KmsSubnetIds"));
    assert!(template.contains("    Default: \"subnet-0a000000000000001,subnet-0a000000000000011\"\n    Description: \"One subnet of each zone: us-east-1a, us-east-1b.\""), "{template}");
    assert!(!template.contains("bos"));
    assert!(
        template.contains("3 network interfaces, 0.01 an hour for each interface: 21.90"),
        "{template}"
    );
}

#[test]
fn the_same_facts_give_the_same_template_whatever_their_order() {
    let world = || World::of(TASK).without("ecr.dkr").without("logs");
    let mut turned = world();
    for section in ["subnets", "route_tables", "endpoint_services", "endpoints"] {
        turned.seen(section).reverse();
    }
    assert_eq!(world().template(), turned.template());
}

/// Every text of an inventory replaced by one, in turn.
fn hostile_inventories(with: &str) -> Vec<Facts> {
    let sections = [
        "subnets",
        "route_tables",
        "endpoint_services",
        "endpoints",
        "vpcs",
        "security_groups",
        "prefix_lists",
    ];
    let mut all = Vec::new();
    for section in sections {
        let mut world = World::of(TASK).without("ecr.dkr").without("s3");
        let mut keys: Vec<String> = Vec::new();
        for entry in world.seen(section) {
            keys.extend(entry.as_object().unwrap().keys().cloned());
        }
        keys.sort();
        keys.dedup();
        for key in keys {
            let mut world = World::of(TASK).without("ecr.dkr").without("s3");
            for entry in world.seen(section) {
                match &mut entry[&key] {
                    Value::String(text) => text.push_str(with),
                    Value::Array(list) => {
                        for text in list.iter_mut().filter(|text| text.is_string()) {
                            *text = json!(with);
                        }
                    }
                    _ => {}
                }
            }
            // What no longer is an inventory is refused before anything is made of it.
            all.extend(serde_json::from_value::<Facts>(world.0));
        }
    }
    for key in ["vpc_id", "subnet_id", "region", "group_ids"] {
        let mut world = World::of(TASK).without("ecr.dkr").without("s3");
        world.0["host"][key] = match key {
            "group_ids" => json!([with, format!("sg-1{with}")]),
            _ => json!(format!(
                "{}{with}",
                world.0["host"][key].as_str().unwrap_or("vpc-")
            )),
        };
        all.extend(serde_json::from_value::<Facts>(world.0));
    }
    all
}

#[test]
fn nothing_of_an_inventory_is_more_than_text() {
    let injections = [
        HOSTILE,
        "\"\n  Evil:\n    Type: AWS::IAM::User\n#",
        "\u{2028}Evil: {Type: AWS::IAM::User}\u{85}",
        "{{resolve:ssm:Evil}}",
        "{{{resolve:ssm:Evil}}}",
        "', !Sub '${Evil}",
        ": &Evil [*Evil]",
    ];
    let mut count = 0;
    for injection in injections {
        for facts in hostile_inventories(injection) {
            let template = template(&facts);
            let printable = |c: char| c == '\n' || matches!(c, ' '..='~');
            assert!(template.chars().all(printable), "{template}");
            for line in template.lines().filter(|line| !line.starts_with('#')) {
                for part in ["Evil", "{{", "${", "<script"] {
                    assert!(!line.contains(part), "{line}");
                }
            }
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn a_template_that_cannot_be_written_is_an_error() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => {
                    self.0 = left;
                    Ok(bytes.len())
                }
                None => Err(std::io::ErrorKind::BrokenPipe.into()),
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let facts = World::of(TASK).without("ecr.dkr").without("s3").facts();
    let remedy = Remedy::of(&facts, &report(&facts));
    let length = template(&facts).len();
    for room in (0..length).step_by(97) {
        assert!(cloudformation::write(&remedy, &mut Full(room)).is_err());
    }
    assert!(cloudformation::write(&remedy, &mut Full(length)).is_ok());
}
