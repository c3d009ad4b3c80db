"""Runs scim2-tester against the SCIM service at argv[1] with the bearer token argv[2]; prints its findings as JSON."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server, filling

example = filling.get_random_example_value


def booleans_too(path):
    """An example value. The tester takes each `value` of an attribute with "email" in its name for an address, by name
    and whatever its type; KDesk's emailNotifications has booleans there, as /Schemas says (RFC 7643 section 2.3.2)."""
    binding = path.resolve()
    if binding is not None and binding.target_type is bool:
        return True  # a false one is taken for none
    return example(path)


filling.get_random_example_value = booleans_too

base, token = sys.argv[1:3]
with Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as client:
    results = check_server(SyncSCIMClient(client))
findings = [
    {
        "status": result.status.name,
        "title": result.title,
        "resource": result.resource_type or "",
        "reason": result.reason or "",
    }
    for result in results
]
json.dump(findings, sys.stdout, indent=1)
