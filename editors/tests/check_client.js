// The VS Code extension's own client against the server, without VS Code: frames, answers, ends.
"use strict";
const assert = require("assert");
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { Client } = require(path.join(__dirname, "..", "vscode", "client.js"));

const workspace = process.env.SCOPE_WORKSPACE;
const file = path.join(workspace, "vm.scope");
const uri = pathToFileURL(file).toString();
const text = fs.readFileSync(file, "utf8");

async function main() {
  let told;
  const reported = new Promise((resolve) => (told = resolve));
  let ended;
  const client = new Client(
    process.env.SCOPE_BINARY,
    workspace,
    (method, params) => {
      if (method === "textDocument/publishDiagnostics" && params.uri === uri) told(params);
    },
    (words) => (ended = words),
  );
  const result = await client.request("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(workspace).toString(),
    capabilities: { general: { positionEncodings: ["utf-16"] } },
  });
  assert.strictEqual(result.capabilities.positionEncoding, "utf-16");
  client.notify("initialized", {});
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "scope", version: 1, text } });
  const { diagnostics } = await reported;
  const report = diagnostics.find((diagnostic) => diagnostic.code === "E0203");
  const line = text.split("\n")[report.range.start.line];
  assert.strictEqual(line.slice(report.range.start.character, report.range.end.character), "flavour");
  const hover = await client.request("textDocument/hover", {
    textDocument: { uri },
    position: { line: text.split("\n").indexOf("entry nantes"), character: 8 },
  });
  assert.match(hover.contents.value, /nantes/);
  await assert.rejects(client.request("no/such", {}), /not offered/);
  await client.stop();
  assert.strictEqual(ended, undefined);
  await assert.rejects(client.request("textDocument/hover", {}));

  // A program that is not there is said, not thrown.
  const words = await new Promise((resolve) => new Client("/nonexistent/scope", workspace, () => {}, resolve));
  assert.match(words, /cannot be started/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
