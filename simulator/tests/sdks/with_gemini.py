"""Google's own SDK for Gemini, as a customer's code uses it."""
import json
import sys

from google import genai
from google.genai import errors, types

base_url, key = sys.argv[1:3]


def client(key):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=base_url))


passages = [{"index": 0, "from": "text", "said_at": "Monday 2027-03-01T09:00", "words": "My email is ada@example.org"}]
schema = {"type": "ARRAY", "items": {"type": "OBJECT", "properties": {"index": {"type": "INTEGER"}, "email": {"type": "STRING", "nullable": True}}}}
ours = client(key)
answer = ours.models.generate_content(
    model="gemini-2.5-flash",
    contents=json.dumps(passages),
    config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=schema, temperature=0),
)
read = json.loads(answer.text)
assert read[0]["email"] == "ada@example.org", read
assert answer.usage_metadata.prompt_token_count > 0, answer

stranger = client("of somebody else")
try:
    stranger.models.generate_content(model="gemini-2.5-flash", contents="[]")
    raise SystemExit("a wrong key was taken")
except errors.APIError as refused:
    assert refused.code in (400, 401, 403), refused
