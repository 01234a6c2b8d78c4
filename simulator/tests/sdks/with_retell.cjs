// Retell's own SDK for Node, as a customer's code uses it.
const assert = require("node:assert");
const { Retell } = require("retell-sdk");

const [baseURL, apiKey, number, body, signature] = process.argv.slice(2);
const client = (apiKey) => new Retell({ apiKey, baseURL, maxRetries: 0 });

async function main() {
  const ours = client(apiKey);
  const placed = await ours.call.createPhoneCall({
    from_number: "+442079460000",
    to_number: number,
    override_agent_id: "agent_test",
    metadata: { bellhop_call_id: "cal_1" },
  });
  assert.strictEqual(placed.direction, "outbound");
  let call;
  for (let tries = 0; tries < 200; tries++) {
    call = await ours.call.retrieve(placed.call_id);
    if (call.call_status === "ended" && call.call_analysis) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.strictEqual(call.call_status, "ended");
  assert.strictEqual(call.to_number, number);
  assert.deepStrictEqual(call.metadata, { bellhop_call_id: "cal_1" });
  assert.ok(call.call_analysis.call_summary && call.disconnection_reason);

  // What we sign is what the SDK believes, and nothing else.
  assert.strictEqual(await Retell.verify(body, apiKey, signature), true);
  assert.strictEqual(await Retell.verify(body + " ", apiKey, signature), false);

  await assert.rejects(client("of somebody else").call.retrieve(placed.call_id), { status: 401 });
}

main().catch((trouble) => {
  console.error(trouble);
  process.exit(1);
});
