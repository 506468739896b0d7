"""Holds the examples under packaging/ against the models of those who read them, and takes their words out.

    validate.py ecs FILE                 a task definition, against the model of Amazon ECS
    validate.py kubernetes FILE          manifests, against Kubernetes' own schemas, strictly
    validate.py api SERVICE CALL FILE    the parameters of any AWS call, as JSON
    validate.py words FILE PATH          a list of texts, one in a line: containerDefinitions.0.command
    validate.py variables FILE PATH      a list of names and values: NAME=VALUE, one in a line
"""

import json
import re
import sys

import yaml

KUBERNETES = "1.33"


def main(command, *arguments):
    problems = {
        "ecs": lambda file: aws("ecs", "RegisterTaskDefinition", load(file)[0]),
        "kubernetes": kubernetes,
        "api": lambda service, call, file: aws(service, call, load(file)[0]),
        "words": lambda file, path: show(at(load(file)[0], path)),
        "variables": lambda file, path: show(
            f"{one['name']}={one['value']}" for one in at(load(file)[0], path)
        ),
    }[command](*arguments)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def load(file):
    with open(file, encoding="utf-8") as text:
        # JSON is YAML; `---` begins another document.
        return list(yaml.safe_load_all(text))


def at(document, path):
    for step in path.split("."):
        document = document[int(step) if step.isdigit() else step]
    return document


def show(lines):
    for line in lines:
        print(line)
    return []


def kubernetes(file):
    import kubernetes_validate

    problems = []
    for document in load(file):
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            problems.append(f"{file}: {'.'.join(map(str, error.path))}: {error.message}")
    return problems


def aws(service, call, parameters):
    """What the service's model says against a call: types and names, and what the SDK itself does not look at."""
    import botocore.loaders
    import botocore.model
    import botocore.validate

    description = botocore.loaders.Loader().load_service_model(service, "service-2")
    shape = botocore.model.ServiceModel(description, service).operation_model(call).input_shape
    report = botocore.validate.ParamValidator().validate(parameters, shape)
    problems = [report.generate_report()] if report.has_errors() else []
    return problems + list(values(shape, parameters, call))


def values(shape, value, where):
    """Enumerations, patterns and lengths."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                yield from values(member, value[name], f"{where}.{name}")
    elif shape.type_name == "list":
        yield from length(shape, value, where)
        for index, item in enumerate(value):
            yield from values(shape.member, item, f"{where}.{index}")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from values(shape.key, name, f"{where}.{name}")
            yield from values(shape.value, item, f"{where}.{name}")
    elif shape.type_name == "string":
        yield from length(shape, value, where)
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed:
            yield f"{where}: {value!r} is none of {', '.join(allowed)}"
        pattern = shape.metadata.get("pattern")
        if pattern and not matches(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"


def length(shape, value, where):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", sys.maxsize)
    if not least <= len(value) <= most:
        yield f"{where}: {len(value)} long, expected {least} to {most}"


def matches(pattern, value):
    # The models' patterns are Java's; classes of Unicode are all they use that Python has not.
    pattern = re.sub(r"\\p\{[^}]*\}", lambda _: r"\w", pattern)
    try:
        return re.search(f"^(?:{pattern})$", value) is not None
    except re.error:
        return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
