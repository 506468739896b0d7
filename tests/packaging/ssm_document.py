"""Judges what packaging/ssm and packaging/cloudformation say, without running anything: exits 1 with what is wrong.

    ssm_document.py parameters          patterns accept what they should and nothing that a shell would read
    ssm_document.py models DIRECTORY    writes the parameters of the API calls there, for validate.py
    ssm_document.py template            the template's document and policy are those of packaging/ssm
    ssm_document.py policy FILE         the instances' policy holds what `vpcheck iam-policy` printed to the file
"""

import json
import sys

import yaml
from run_command import accepts

DOCUMENT = "packaging/ssm/document.yaml"
GOOD = {
    "Targets": ["sqs", "sqs,ecr.dkr", "example.internal"],
    "Workload": ["essential", "ecs-fargate", "lambda", "ec2-ssm", "eks-private"],
    "QueueUrl": [
        "https://sqs.us-east-1.amazonaws.com/123456789012/canary",
        "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a_b-c.fifo",
        "https://vpce-0123-abc.sqs.us-east-1.vpce.amazonaws.com/123456789012/q",
    ],
    "Canary": ["off", "send", "round-trip"],
    "Expect": ["private", "reachable", "isolated"],
    "AllowCidrs": ["10.100.0.0/16", "10.0.0.0/8,fd00::/8"],
    "Deadline": ["5s", "20s"],
    "Inventory": ["s3://my-bucket/prod/vpc.json", "ssm:/vpcheck/inventory"],
    "Spread": ["1m", "10m", "30m"],
    "S3Bucket": ["my-bucket", "my.bucket.1"],
    "S3Key": ["vpcheck", "tools/vpcheck-0.1.0_x86"],
    "Sha256": ["0" * 64],
}
HOSTILE = [
    "$(touch {0})", "`touch {0}`", "'; touch {0}; '", '"; touch {0}; "', "; touch {0}", "| touch {0}", "& touch {0}",
    "x\ntouch {0}", "\ntouch {0}\n", "$IFS", "${{PATH}}", "> {0}", "x > {0}", "a b", "*", "?", "~", "\\", "--help",
    "-o json={0}", "x#", "!!", "x\tb", "x\r", "\x00", "é", "{{{{ Targets }}}}", "'$(touch {0})'",
    "'\"'\"'; touch {0}; #", "x=y",
]


def document():
    with open(DOCUMENT, encoding="utf-8") as text:
        return yaml.safe_load(text)


def parameters():
    declared = document()["parameters"]
    yield from (f"{name}: no example" for name in declared.keys() ^ GOOD.keys())
    for name, parameter in declared.items():
        if parameter["type"] != "String" or parameter.get("interpolationType") != "ENV_VAR":
            yield f"{name}: it is not handed over as a variable"
        for value in [parameter["default"], *GOOD[name]]:
            if not accepts(parameter, value):
                yield f"{name}: {value!r} is refused"
        for value in HOSTILE:
            if accepts(parameter, value.format("/tmp/x")):
                yield f"{name}: {value!r} is accepted"


def models(directory):
    with open(DOCUMENT, encoding="utf-8") as text:
        content = text.read()
    if len(content) > 64 * 1024:
        yield f"the document has {len(content)} characters, more than 64 KB"
    create = {"Name": "vpcheck", "DocumentType": "Command", "DocumentFormat": "YAML", "Content": content}
    with open(f"{directory}/create-document.json", "w", encoding="utf-8") as out:
        json.dump(create, out)
    # What an association or a person gives has to pass the document's own patterns.
    with open("packaging/ssm/association.json", encoding="utf-8") as text:
        given = json.load(text)["Parameters"]
    send = {"DocumentName": "vpcheck", "Parameters": given, "Targets": [{"Key": "tag:vpcheck", "Values": ["on"]}]}
    with open(f"{directory}/send-command.json", "w", encoding="utf-8") as out:
        json.dump(send, out)
    declared = document()["parameters"]
    for name, values in given.items():
        if name not in declared or not all(accepts(declared[name], value) for value in values):
            yield f"association.json: {name}: {values}"


class Template(yaml.SafeLoader):
    """CloudFormation's short functions, as the values they are given."""


Template.add_multi_constructor("!", lambda loader, _, node: {
    yaml.ScalarNode: loader.construct_scalar,
    yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
    yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
}[type(node)](node))


def template():
    with open("packaging/cloudformation/ssm.yaml", encoding="utf-8") as text:
        resources = yaml.load(text, Template)["Resources"]
    if resources["Document"]["Properties"]["Content"] != document():
        yield f"the template's document differs from {DOCUMENT}"
    unknown = resources["Association"]["Properties"]["Parameters"].keys() - document()["parameters"].keys()
    yield from (f"the association has a parameter {name}" for name in unknown)
    statements = resources["InstancePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    with open("packaging/ssm/instance-policy.json", encoding="utf-8") as text:
        policy = json.load(text)["Statement"]
    if statements[0]["Action"] != policy[0]["Action"]:
        yield "the template's policy reads something else than packaging/ssm/instance-policy.json"


def policy(file):
    with open(file, encoding="utf-8") as text:
        needed = json.load(text)["Statement"]
    with open("packaging/ssm/instance-policy.json", encoding="utf-8") as text:
        there = json.load(text)["Statement"]
    yield from (f"instance-policy.json lacks {one['Sid']}" for one in needed if one not in there)


if __name__ == "__main__":
    command = {"parameters": parameters, "models": models, "template": template, "policy": policy}[sys.argv[1]]
    problems = list(command(*sys.argv[2:]))
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)
