"""Plays AWS Systems Manager's Run Command: takes what the service's model takes, has machines run the document, and keeps
what they print as the service keeps it.

What it answers is held against the model as well (botocore's), so that it is no service of its own invention.
"""

import http.server
import json
import math
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import botocore.session
from botocore.validate import ParamValidator

# "Running commands", AWS Systems Manager User Guide: what is kept of a machine's output, and what a list shows of it.
KEPT = 24_000
LISTED = 2_500
CUT = "\n---Output truncated---"
OPERATIONS = {"SendCommand", "ListCommands", "ListCommandInvocations", "GetCommandInvocation", "DescribeInstanceInformation"}


class Refusal(Exception):
    def __init__(self, code, message=""):
        super().__init__(code)
        self.code, self.message = code, message


class SystemsManager:
    """Managed machines by their ids, each with tags and `act(parameters, machine)`, which gives status, code and output.

    `quirk(operation)` may raise a Refusal, or wait, before a call is taken."""

    def __init__(self, machines, documents=("vpcheck",), quirk=lambda operation: None):
        self.machines, self.documents, self.quirk = machines, documents, quirk
        self.commands, self.calls, self.problems = {}, [], []
        self.model = botocore.session.get_session().get_service_model("ssm")
        self.lock = threading.Lock()

    def serve(self, port):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                operation = self.headers["x-amz-target"].removeprefix("AmazonSSM.")
                if "/ssm/aws4_request" not in self.headers.get("authorization", ""):
                    service.problems.append(f"{operation} is not signed")
                try:
                    status, answer = 200, service.answer(operation, body)
                except Refusal as refusal:
                    status, answer = 400, {"__type": refusal.code, "message": refusal.message}
                answer = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def answer(self, operation, body):
        self.calls.append(operation)
        self.quirk(operation)
        if operation not in OPERATIONS:
            raise Refusal("InvalidAction", operation)
        self.held(operation, body, "input_shape")
        given = getattr(self, operation)(**body)
        self.held(operation, given, "output_shape")
        return given

    def held(self, operation, value, shape):
        """Both sides are held against the service's model."""
        wrong = ParamValidator().validate(value, getattr(self.model.operation_model(operation), shape)).generate_report()
        if wrong:
            self.problems.append(f"{operation} {shape}: {wrong}")
            raise Refusal("ValidationException", wrong)

    def SendCommand(self, DocumentName, TimeoutSeconds, Comment="", Parameters={}, InstanceIds=(), Targets=(),
                    MaxConcurrency="50", MaxErrors="0"):
        if DocumentName not in self.documents:
            raise Refusal("InvalidDocument", f"Document with name {DocumentName} does not exist.")
        if unknown := [name for name in InstanceIds if name not in self.machines]:
            raise Refusal("InvalidInstanceId", f"Instances {unknown} not in a valid state for account 123456789012")
        chosen = list(InstanceIds) or [name for name, machine in self.machines.items() if selected(name, machine, Targets)]
        command = {
            "CommandId": str(uuid.uuid4()), "DocumentName": DocumentName, "Comment": Comment, "Status": "Pending",
            "StatusDetails": "Pending", "TargetCount": len(chosen), "CompletedCount": 0, "ErrorCount": 0,
            "RequestedDateTime": time.time(), "MaxConcurrency": MaxConcurrency, "MaxErrors": MaxErrors,
            "TimeoutSeconds": TimeoutSeconds,
        }
        with self.lock:
            self.commands[command["CommandId"]] = (command, {})
        at_once = part(MaxConcurrency, len(chosen)) or 1
        threading.Thread(target=self.run, args=(command, Parameters, chosen, at_once), daemon=True).start()
        return {"Command": command}

    def run(self, command, parameters, chosen, at_once):
        _, invocations = self.commands[command["CommandId"]]
        with self.lock:
            command["Status"] = command["StatusDetails"] = "InProgress"

        def one(name):
            with self.lock:
                if command["ErrorCount"] > part(command["MaxErrors"], len(chosen)):
                    return
                invocations[name] = {"Status": "InProgress", "StatusDetails": "InProgress"}
            details, code, output = self.machines[name]["act"](parameters, name)
            status = {"Success": "Success", "Failed": "Failed", "Terminated": "Failed", "Undeliverable": "Failed"}.get(details, "TimedOut")
            with self.lock:
                invocations[name] = {"Status": status, "StatusDetails": details, "ResponseCode": code, "Output": output[:KEPT]}
                command["CompletedCount"] += 1
                command["ErrorCount"] += status != "Success"

        with ThreadPoolExecutor(min(at_once, 4)) as pool:
            list(pool.map(one, chosen))
        with self.lock:
            over = "Failed" if command["ErrorCount"] else "Success"
            command["Status"] = over
            command["StatusDetails"] = over if command["CompletedCount"] == len(chosen) else "Incomplete"
            if not chosen:
                command["StatusDetails"] = "NoInstancesInTag"

    def known(self, name):
        with self.lock:
            if name not in self.commands:
                raise Refusal("InvalidCommandId", "")
            command, invocations = self.commands[name]
            return dict(command), {name: dict(one) for name, one in invocations.items()}

    def ListCommands(self, CommandId):
        command, _ = self.known(CommandId)
        return {"Commands": [command]}

    def ListCommandInvocations(self, CommandId, Details=False, MaxResults=50, NextToken="0"):
        command, invocations = self.known(CommandId)
        names = sorted(invocations)
        page = []
        for name in names[int(NextToken):int(NextToken) + MaxResults]:
            one = invocations[name]
            listed = {
                "CommandId": CommandId, "InstanceId": name, "DocumentName": command["DocumentName"],
                "RequestedDateTime": command["RequestedDateTime"], "Status": one["Status"], "StatusDetails": one["StatusDetails"],
                "CommandPlugins": [],
            }
            if Details and "ResponseCode" in one:
                output = one["Output"]
                if len(output) > LISTED:
                    output = output[:LISTED - len(CUT)] + CUT
                listed["CommandPlugins"] = [{
                    "Name": "vpcheck", "Status": one["Status"], "StatusDetails": one["StatusDetails"],
                    "ResponseCode": one["ResponseCode"], "Output": output,
                }]
            page.append(listed)
        answer = {"CommandInvocations": page}
        if int(NextToken) + MaxResults < len(names):
            answer["NextToken"] = str(int(NextToken) + MaxResults)
        return answer

    def DescribeInstanceInformation(self, Filters, MaxResults):
        (names,) = [one["Values"] for one in Filters]
        known = [name for name in names if name in self.machines and not self.machines[name].get("gone")]
        return {"InstanceInformationList": [
            {"InstanceId": name, "PingStatus": self.machines[name].get("ping", "Online"), "LastPingDateTime": 1763700000.5}
            for name in known]}

    def GetCommandInvocation(self, CommandId, InstanceId):
        command, invocations = self.known(CommandId)
        if InstanceId not in invocations:
            raise Refusal("InvocationDoesNotExist", "")
        one = invocations[InstanceId]
        return {
            "CommandId": CommandId, "InstanceId": InstanceId, "DocumentName": command["DocumentName"], "Status": one["Status"],
            "StatusDetails": one["StatusDetails"], "ResponseCode": one.get("ResponseCode", -1),
            "StandardOutputContent": one.get("Output", ""),
        }


def selected(name, machine, targets):
    for target in targets:
        if target["Key"] == "InstanceIds":
            if "*" not in target["Values"] and name not in target["Values"]:
                return False
        elif machine["tags"].get(target["Key"].removeprefix("tag:")) not in target["Values"]:
            return False
    return True


def part(text, of):
    """A number, or a percentage of so many."""
    return math.ceil(of * int(text[:-1]) / 100) if text.endswith("%") else int(text)
