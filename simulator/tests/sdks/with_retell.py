"""Retell's own SDK, as a customer's code uses it."""
import sys
import time

from retell import APIStatusError, Retell

base_url, key, number = sys.argv[1:4]
client = Retell(api_key=key, base_url=base_url, max_retries=0)

placed = client.call.create_phone_call(
    from_number="+442079460000",
    to_number=number,
    override_agent_id="agent_test",
    metadata={"bellhop_call_id": "cal_1"},
    retell_llm_dynamic_variables={"customer_name": "Ada"},
)
assert placed.call_id and placed.direction == "outbound", placed
for _ in range(200):
    call = client.call.retrieve(placed.call_id)
    if call.call_status == "ended" and call.call_analysis is not None:
        break
    time.sleep(0.05)
assert call.call_status == "ended", call
assert call.to_number == number, call
assert call.metadata == {"bellhop_call_id": "cal_1"}, call
assert call.call_analysis.call_summary, call
assert call.disconnection_reason, call

found = client.call.list(limit=10)
items = found if isinstance(found, list) else found.items
assert placed.call_id in [item.call_id for item in items], found

try:
    Retell(api_key="of somebody else", base_url=base_url, max_retries=0).call.retrieve(placed.call_id)
    raise SystemExit("a wrong key was taken")
except APIStatusError as refused:
    assert refused.status_code == 401, refused
