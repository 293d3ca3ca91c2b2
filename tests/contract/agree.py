"""Judges the table of inputs with Python's protovalidate, the reference implementation, and prints TAP.

A case is right where the reference finds exactly the violations that the table names. The rules come from the same
descriptor set that the servers carry.
"""

import json
import sys
from pathlib import Path

import protovalidate
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTORS = ROOT / "crates/proto/src/gen/descriptors.bin"
TABLE = Path(__file__).with_name("cases.json")


def main() -> int:
    pool = contract()
    validator = protovalidate.Validator()
    passed = failed = 0
    for group in json.loads(TABLE.read_text(encoding="utf-8"))["messages"]:
        message_class = message_factory.GetMessageClass(pool.FindMessageTypeByName(group["message"]))
        for case in group["cases"]:
            name = f"{group['message']}: {case['name']}"
            expected = sorted((violation["field"], violation["rule"]) for violation in case["violations"])
            found = judge(validator, message_class, expand(merged(group["valid"], case.get("with", {}))))
            if found == expected:
                passed += 1
                print(f"ok {passed + failed} - {name}")
            else:
                failed += 1
                print(f"not ok {passed + failed} - {name}: the table says {expected}, protovalidate {found}")
    print(f"1..{passed + failed}")
    print(f"# pass {passed}")
    print(f"# fail {failed}")
    return 1 if failed else 0


def contract() -> descriptor_pool.DescriptorPool:
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


def judge(validator, message_class, value) -> list[tuple[str, str]]:
    message = json_format.ParseDict(value, message_class())
    violations = validator.collect_violations(message)
    return sorted((path(violation.proto.field), violation.proto.rule_id) for violation in violations)


def path(field) -> str:
    """Writes a field's path as the contract's answers do: `interest.rooms[2].room_id`, and nothing for the message."""
    text = ""
    for element in field.elements if field else ():
        text += "." if text else ""
        text += element.field_name
        text += f"[{element.subscript.value}]" if element.subscript else ""
    return text


def merged(valid: dict, changes: dict) -> dict:
    """Puts a case's changes over the valid message; `null` takes a field away."""
    return {field: value for field, value in {**valid, **changes}.items() if value is not None}


def expand(value):
    """Writes out `{"$repeat": "a", "$times": 3}` as "aaa", and `{"$list": x, "$times": 3}` as [x, x, x]."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        return value["$repeat"] * value["$times"]
    if "$list" in value:
        return [expand(value["$list"])] * value["$times"]
    return {field: expand(item) for field, item in value.items()}


if __name__ == "__main__":
    sys.exit(main())
