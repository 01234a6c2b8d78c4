"""Vapi's own SDK, as a customer's code uses it."""
import sys
import time

from vapi import Vapi
from vapi.core.api_error import ApiError

base_url, key, number = sys.argv[1:4]
client = Vapi(token=key, base_url=base_url)

placed = client.calls.create(
    assistant_id="2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11",
    phone_number_id="9e8d7c6b-5a49-4838-a726-150403020100",
    customer={"number": number},
    name="cal_1",
)
assert placed.id, placed
for _ in range(200):
    call = client.calls.get(placed.id)
    if call.status == "ended":
        break
    time.sleep(0.05)
assert call.status == "ended" and call.ended_reason, call
assert call.name == "cal_1", call
assert placed.id in [each.id for each in client.calls.list(limit=10)]

try:
    Vapi(token="of somebody else", base_url=base_url).calls.get(placed.id)
    raise SystemExit("a wrong key was taken")
except ApiError as refused:
    assert refused.status_code == 401, refused
