"""Google's own client for its calendar, as a customer's code uses it."""
import json
import sys

from google.auth.exceptions import RefreshError
from google.oauth2 import credentials, service_account
from google_auth_httplib2 import Request
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from httplib2 import Http

base_url, account, person, calendar, start, end = sys.argv[1:7]
account, person = json.loads(account), json.loads(person)
token_uri = base_url + "/token"


def ask(proof, until="2027-03-26T00:00:00Z"):
    options = {"api_endpoint": base_url + "/calendar/v3/"}
    client = build("calendar", "v3", credentials=proof, client_options=options, cache_discovery=False)
    items = [{"id": calendar}, {"id": "nobody@example.com"}]
    return client.freebusy().query(body={"timeMin": "2027-03-25T00:00:00Z", "timeMax": until, "items": items}).execute()


def of_person(secret):
    keys = {key: person[key] for key in ("refresh_token", "client_id")}
    return credentials.Credentials(None, token_uri=token_uri, client_secret=secret, **keys)


of_account = service_account.Credentials.from_service_account_info(
    {**account, "token_uri": token_uri},
    scopes=["https://www.googleapis.com/auth/calendar.freebusy"],
)
# Asking with the account itself would look up, in a thread of its own, where Google lets it be used from.
of_account.refresh(Request(Http()))
of_account = credentials.Credentials(of_account.token)
for proof in (of_account, of_person(person["client_secret"])):
    told = ask(proof)
    assert told["kind"] == "calendar#freeBusy", told
    assert told["calendars"][calendar]["busy"] == [{"start": start, "end": end}], told
    unseen = told["calendars"]["nobody@example.com"]
    assert unseen["errors"][0]["reason"] == "notFound" and unseen["busy"] == [], unseen

try:
    ask(of_account, until="2027-12-31T00:00:00Z")
    raise SystemExit("too long a time was answered")
except HttpError as refused:
    assert refused.status_code == 400, refused

try:
    ask(of_person("of somebody else"))
    raise SystemExit("a wrong secret was taken")
except RefreshError as refused:
    assert "invalid_client" in str(refused), refused
