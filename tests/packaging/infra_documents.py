"""Judges packaging/cloudformation and packaging/terraform, without any cloud: exits 1 with what is wrong.

    infra_documents.py snapshots DIRECTORY          writes the templates of tests/renderers there, for cfn-lint
    infra_documents.py policy FILE CANARY [KEY]     both roles hold what `vpcheck iam-policy` printed to the file, no more
    infra_documents.py guards CANARY                both queues and buckets have the same policies, which deny what they should
    infra_documents.py terraform WHEEL [DIRECTORY]  every file parses, references lead somewhere, and the provider knows every
                                                    argument and lacks none

Terraform itself is not needed: its files are read by python-hcl2, and what the AWS provider knows is read from the classes
that CDK for Terraform generates of its schema, in the package that holds them.
"""

import ast
import glob
import json
import os
import re
import sys
import zipfile

import hcl2
import yaml

TEMPLATE = "packaging/cloudformation/vpcheck.yaml"
MODULE = "packaging/terraform"
ENDPOINT = "vpce-0123456789abcdef0"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:canary"
BUCKET = "arn:aws:s3:::evidence"
ROLE = "arn:aws:iam::123456789012:role/vpcheck"
PREFIX = "vpcheck"

# --- CloudFormation -----------------------------------------------------------------------------------------------------


class Template(yaml.SafeLoader):
    """CloudFormation's short functions, as their long ones."""


def function(loader, name, node):
    value = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }[type(node)](node)
    return {name: value}


Template.add_multi_constructor("!", function)


def resources(parameters):
    with open(TEMPLATE, encoding="utf-8") as text:
        template = yaml.load(text, Template)
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}
    given = {"AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": None, **defaults, **parameters}
    attributes = {"Queue.Arn": QUEUE, "Bucket.Arn": BUCKET, "Role.Arn": ROLE}

    def resolve(value):
        if isinstance(value, list):
            return [one for one in map(resolve, value) if one is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return given[argument] if argument in given else argument
            if name == "GetAtt":
                return attributes[argument]
            if name == "Sub":
                both = {**given, **attributes}
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(both[found[1]]), argument)
            if name == "Equals":
                one, other = map(resolve, argument)
                return str(one) == str(other)
            if name == "Not":
                return not resolve(argument[0])
            if name == "If":
                return resolve(argument[1 if resolve(template["Conditions"][argument[0]]) else 2])
        return {key: resolve(one) for key, one in value.items()}

    return {name: resolve(one) for name, one in template["Resources"].items()}


# --- Terraform ----------------------------------------------------------------------------------------------------------


def module(directory=MODULE):
    files = {}
    for file in sorted(glob.glob(f"{directory}/*.tf")):
        with open(file, encoding="utf-8") as text:
            files[file] = unquoted(hcl2.load(text))
    return files


def unquoted(value):
    """Without the quotes that the parser leaves around texts and labels, and without what it adds."""
    if isinstance(value, list):
        return [unquoted(one) for one in value]
    if isinstance(value, dict):
        return {unquoted(key): unquoted(one) for key, one in value.items() if not key.startswith("__")}
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def blocks(files, kind):
    """Those of a kind with two labels: (type, name, body)."""
    for content in files.values():
        for block in content.get(kind, []):
            for type_, named in block.items():
                for name, body in named.items():
                    yield type_, name, body


class Provider:
    """What the AWS provider knows: the arguments of each block, and which of them it demands."""

    # Every resource has these.
    META = {"count", "depends_on", "lifecycle", "for_each", "provider"}

    def __init__(self, wheel):
        self.wheel = zipfile.ZipFile(wheel)
        self.modules = {}

    def classes(self, module):
        if module not in self.modules:
            try:
                source = self.wheel.read(f"cdktf_cdktf_provider_aws/{module}/__init__.py")
            except KeyError:
                self.modules[module] = {}
                return {}
            found = {}
            for one in ast.parse(source).body:
                for made in one.body if isinstance(one, ast.ClassDef) else []:
                    if isinstance(made, ast.FunctionDef) and made.name == "__init__":
                        arguments = zip(made.args.kwonlyargs, made.args.kw_defaults)
                        found[one.name] = {name.arg.rstrip("_"): default is None for name, default in arguments}
            self.modules[module] = found
        return self.modules[module]

    def problems(self, kind, type_, name, body):
        module = {"resource": "", "data": "data_aws_"}[kind] + type_.removeprefix("aws_")
        # A name that another class has gets an A at its end.
        name_of = camel(module)
        classes = self.classes(module)
        top = next((one for one in (f"{name_of}Config", f"{name_of}AConfig") if one in classes), None)
        if top is None:
            yield f"{kind} {type_} is none of the provider's"
            return
        body = {key: value for key, value in body.items() if key not in self.META}
        yield from self.block(classes, top, name_of, body, f"{type_}.{name}")

    def block(self, classes, one, prefix, body, path):
        known = classes[one]
        for dynamic in body.get("dynamic", []):
            for name, made in dynamic.items():
                body = {**body, name: body.get(name, []) + made["content"]}
        yield from (f"{path} lacks {key}" for key, needed in known.items() if needed and key not in body)
        for key, value in body.items():
            if key == "dynamic":
                continue
            if key not in known:
                yield f"{path}: the provider knows no {key}"
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                names = [prefix + camel(key), f"{prefix}A{camel(key)}", f"{prefix}{camel(key)}A"]
                within = next((name for name in names if name in classes), None)
                if within is None:
                    yield f"{path}: {key} is no block"
                    continue
                for each in value:
                    yield from self.block(classes, within, names[0], each, f"{path}.{key}")


def camel(name):
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def document(files, name, canary, key):
    """The statements of a policy document, as AWS has them."""
    [body] = [body for _, one, body in blocks(files, "data") if one == name]
    [actions] = [
        local["canary_actions"][canary]
        for content in files.values()
        for local in content.get("locals", [])
        if "canary_actions" in local
    ]
    values = {
        "local.canary_actions[var.canary]": actions,
        "aws_sqs_queue.canary.arn": QUEUE,
        "aws_s3_bucket.evidence.arn": BUCKET,
        "aws_iam_role.vpcheck.arn": ROLE,
        "var.prefix": PREFIX,
        "var.sqs_endpoint_id": ENDPOINT,
        "statement.value": key,
    }

    def resolve(value):
        if isinstance(value, list):
            return [resolve(one) for one in value]
        whole = re.fullmatch(r"\$\{([^}]+)\}", value)
        if whole:
            return values[whole[1]]
        return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], value)

    statements = list(body.get("statement", []))
    for dynamic in body.get("dynamic", []):
        # Whether an inventory is fetched is not among what is varied here: it is not.
        if dynamic["statement"]["for_each"] == "${var.inventory_object[*]}":
            continue
        if dynamic["statement"]["for_each"] != "${var.kms_key_arn[*]}":
            raise ValueError(f"unknown for_each: {dynamic}")
        if key:
            statements += dynamic["statement"]["content"]
    for one in statements:
        made = {
            "Sid": one["sid"],
            "Effect": one.get("effect", "Allow"),
            "Action": resolve(one["actions"]),
            "Resource": resolve(one["resources"]),
        }
        for principals in one.get("principals", []):
            who = resolve(principals["identifiers"])
            made["Principal"] = "*" if principals["type"] == "*" else {principals["type"]: who}
        for condition in one.get("condition", []):
            test = made.setdefault("Condition", {}).setdefault(condition["test"], {})
            test[condition["variable"]] = resolve(condition["values"])
        yield made


def plain(value):
    """A policy in one form: lists sorted, a list of one as the one."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return plain(value[0]) if len(value) == 1 else sorted(map(plain, value))
    return value


def statements(policy):
    return {one["Sid"]: plain(one) for one in policy}


def differences(what, found, expected):
    for sid in sorted(found.keys() | expected.keys()):
        if found.get(sid) != expected.get(sid):
            yield f"{what}: {sid}: found {json.dumps(found.get(sid))}, expected {json.dumps(expected.get(sid))}"


# --- What is judged -----------------------------------------------------------------------------------------------------


def snapshots(directory):
    count = 0
    for file in sorted(glob.glob("tests/renderers/snapshots/*cloudformation-*.snap")):
        with open(file, encoding="utf-8") as text:
            template = text.read().split("\n---\n", 1)[1]
        if "\nResources:\n" not in template:
            # Comments alone: not even YAML finds anything in them.
            if yaml.safe_load(template) is not None:
                yield f"{file}: there is something beside comments"
            continue
        count += 1
        name = os.path.basename(file).removesuffix(".snap")
        with open(f"{directory}/{name}.yaml", "w", encoding="utf-8") as out:
            out.write(template)
    if count < 4:
        yield f"there are {count} templates, expected 4 at least"


def policy(file, canary, key=""):
    with open(file, encoding="utf-8") as text:
        needed = statements(json.load(text)["Statement"])
    parameters = {"Canary": canary, "KmsKeyArn": key, "Prefix": PREFIX, "SqsEndpointId": ENDPOINT}
    role = resources(parameters)["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    yield from differences(TEMPLATE, statements(role), needed)
    there = statements(document(module(), "vpcheck", canary, key))
    yield from differences(MODULE, there, needed)


def guards(canary):
    parameters = {"Canary": canary, "Prefix": PREFIX, "SqsEndpointId": ENDPOINT}
    made, files = resources(parameters), module()
    for resource, name in [("QueuePolicy", "queue"), ("BucketPolicy", "bucket")]:
        found = statements(made[resource]["Properties"]["PolicyDocument"]["Statement"])
        yield from differences(name, statements(document(files, name, canary, "")), found)
        tls = found["DenyWithoutTls"]
        if (tls["Effect"], tls["Principal"], tls["Condition"]) != ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}}):
            yield f"{resource}: it does not deny requests without TLS"
    queue = statements(made["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"])
    around = queue["DenyAroundEndpoint"]
    if around["Condition"] != {"StringNotEquals": {"aws:SourceVpce": ENDPOINT}} or around["Effect"] != "Deny":
        yield "QueuePolicy: it does not deny what comes around the endpoint"
    messages = [action for action in queue["AdmitRole"]["Action"] if action != "sqs:GetQueueAttributes"]
    yield from (f"QueuePolicy: {one} may come around the endpoint" for one in messages if one not in around["Action"])
    properties = made["Queue"]["Properties"]
    if not 60 <= int(properties["MessageRetentionPeriod"]) <= 300 or properties["SqsManagedSseEnabled"] is not True:
        yield "Queue: its messages are kept long, or not encrypted"


def terraform(wheel, directory=MODULE):
    files, provider = module(directory), Provider(wheel)
    declared = {"var": set(), "local": set(), "data": set(), "resource": set()}
    for content in files.values():
        declared["var"].update(name for block in content.get("variable", []) for name in block)
        declared["local"].update(name for block in content.get("locals", []) for name in block)
    declared["data"] = {(type_, name) for type_, name, _ in blocks(files, "data")}
    declared["resource"] = {(type_, name) for type_, name, _ in blocks(files, "resource")}
    used = {kind: set() for kind in declared}
    for file in files:
        with open(file, encoding="utf-8") as text:
            code = re.sub(r"^\s*#.*$", "", text.read(), flags=re.M)
        used["var"].update(re.findall(r"\bvar\.(\w+)", code))
        used["local"].update(re.findall(r"\blocal\.(\w+)", code))
        used["data"].update(re.findall(r"\bdata\.(\w+)\.(\w+)", code))
        used["resource"].update(re.findall(r"(?<![\w.\"])(aws_\w+)\.(\w+)", code))
    for kind, names in used.items():
        yield from (f"{kind} {name} is used and not declared" for name in sorted(names - declared[kind], key=str))
    for kind in ("var", "local", "data"):
        yield from (f"{kind} {name} is declared and not used" for name in sorted(declared[kind] - used[kind], key=str))
    seen = []
    for type_, name, body in blocks(files, "resource"):
        seen.append((type_, name))
        # What is made as often as something else says is asked for by its place.
        if "count" in body:
            for file in files:
                with open(file, encoding="utf-8") as text:
                    for found in re.findall(rf"(?<!data\.)\b{type_}\.{name}\b(.)", text.read()):
                        if found != "[":
                            yield f"{file}: {type_}.{name} has a count, and is used without a place"
    yield from (f"{one} is declared twice" for one in {one for one in seen if seen.count(one) > 1})
    for kind in ("resource", "data"):
        for type_, name, body in blocks(files, kind):
            yield from provider.problems(kind, type_, name, body)
    for content in files.values():
        for block in content.get("variable", []):
            for name, body in block.items():
                yield from (f"variable {name} lacks {one}" for one in ("description", "type") if one not in body)
        for block in content.get("output", []):
            for name, body in block.items():
                yield from (f"output {name} lacks {one}" for one in ("description", "value") if one not in body)
    required = [block for content in files.values() for block in content.get("terraform", [])]
    if len(required) != 1 or "required_providers" not in required[0]:
        yield "it does not say which providers it needs"


if __name__ == "__main__":
    command = {"snapshots": snapshots, "policy": policy, "guards": guards, "terraform": terraform}[sys.argv[1]]
    problems = list(command(*sys.argv[2:]))
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)
