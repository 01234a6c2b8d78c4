"""Zoho's own SDK, as a customer's code uses it."""
import sys
import tempfile

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.record import ActionWrapper, BodyWrapper, Field, Record, RecordOperations, ResponseWrapper, SuccessResponse
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

base_url, client_id, secret, refresh_token, number = sys.argv[1:6]
folder = tempfile.mkdtemp()
Initializer.initialize(
    environment=DataCenter.Environment(base_url, base_url + "/oauth/v2/token", base_url),
    token=OAuthToken(client_id=client_id, client_secret=secret, refresh_token=refresh_token, find_user=False),
    store=FileStore(folder + "/tokens.txt"),
    sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
    resource_path=folder,
)

record = Record()
record.add_field_value(Field.Contacts.last_name(), "Archer")
record.add_key_value("Phone", number)
request = BodyWrapper()
request.set_data([record])
made = RecordOperations("Contacts").create_records(request, HeaderMap()).get_object()
assert isinstance(made, ActionWrapper), made
assert isinstance(made.get_data()[0], SuccessResponse), made.get_data()[0]
made_id = made.get_data()[0].get_details()["id"]

read = RecordOperations("Contacts").get_record(int(made_id), ParameterMap(), HeaderMap()).get_object()
assert isinstance(read, ResponseWrapper), read
assert read.get_data()[0].get_key_value("Last_Name") == "Archer", read.get_data()[0].get_key_values()
assert read.get_data()[0].get_key_value("Phone") == number
