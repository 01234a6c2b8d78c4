// Vapi's own SDK for Node, as a customer's code uses it.
const assert = require("node:assert");
const { VapiClient } = require("@vapi-ai/server-sdk");

const [baseUrl, token, number] = process.argv.slice(2);
const client = (token) => new VapiClient({ token, baseUrl, maxRetries: 0 });

async function main() {
  const ours = client(token);
  const placed = await ours.calls.create({
    assistantId: "2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11",
    phoneNumberId: "9e8d7c6b-5a49-4838-a726-150403020100",
    customer: { number },
    name: "cal_1",
  });
  let call;
  for (let tries = 0; tries < 200; tries++) {
    call = await ours.calls.get({ id: placed.id });
    if (call.status === "ended") break;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.strictEqual(call.status, "ended");
  assert.ok(call.endedReason);
  assert.strictEqual(call.name, "cal_1");
  const listed = await ours.calls.list({ limit: 10 });
  assert.ok(listed.some((each) => each.id === placed.id));
  await assert.rejects(client("of somebody else").calls.get({ id: placed.id }), { statusCode: 401 });
}

main().catch((trouble) => {
  console.error(trouble);
  process.exit(1);
});
