"""read-sboms.py CYCLONEDX SPDX: validates both, and prints the names of the components, which have to be the same."""
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

cyclonedx, spdx = sys.argv[1:]

with open(cyclonedx) as file:
    text = file.read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error:
    sys.exit(f"{cyclonedx}: {error}")

document = parse_file(spdx)
messages = validate_full_spdx_document(document)
if messages:
    sys.exit(f"{spdx}: {messages}")


def names(component):
    yield component["name"]
    for part in component.get("components", []):
        yield from names(part)


bom = json.loads(text)
listed = sorted(
    name for component in [bom["metadata"]["component"], *bom["components"]] for name in names(component)
)
packages = sorted(package.name for package in document.packages)
if listed != packages:
    sys.exit(f"components differ: {set(listed) ^ set(packages)}")
print(json.dumps(listed))
