// Scope-Lang in VS Code: starts `scope lsp` and passes on what it says. Positions are UTF-16 on both sides.
"use strict";
const vscode = require("vscode");
const { Client } = require("./client.js");

let client;

function toRange(range) {
  return new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
}

function toLocation(location) {
  return new vscode.Location(vscode.Uri.parse(location.uri), toRange(location.range));
}

const SEVERITIES = {
  1: vscode.DiagnosticSeverity.Error,
  2: vscode.DiagnosticSeverity.Warning,
  3: vscode.DiagnosticSeverity.Information,
};

function toDiagnostic(report) {
  const diagnostic = new vscode.Diagnostic(toRange(report.range), report.message, SEVERITIES[report.severity]);
  diagnostic.source = report.source;
  diagnostic.code = report.codeDescription
    ? { value: report.code, target: vscode.Uri.parse(report.codeDescription.href) }
    : report.code;
  diagnostic.relatedInformation = (report.relatedInformation || []).map(
    (related) => new vscode.DiagnosticRelatedInformation(toLocation(related.location), related.message),
  );
  return diagnostic;
}

function place(document, position) {
  return {
    textDocument: { uri: document.uri.toString() },
    position: { line: position.line, character: position.character },
  };
}

async function activate(context) {
  const command = vscode.workspace.getConfiguration("scope").get("command") || "scope";
  const folder = vscode.workspace.workspaceFolders && vscode.workspace.workspaceFolders[0];
  const reports = vscode.languages.createDiagnosticCollection("scope");
  const selector = [{ language: "scope" }];
  const isOurs = (document) => document.languageId === "scope";

  client = new Client(
    command,
    folder && folder.uri.scheme === "file" ? folder.uri.fsPath : undefined,
    (method, params) => {
      if (method !== "textDocument/publishDiagnostics") return;
      reports.set(vscode.Uri.parse(params.uri), params.diagnostics.map(toDiagnostic));
    },
    (words) => {
      reports.clear();
      vscode.window.showErrorMessage(`Scope-Lang: ${words}. The setting "scope.command" says where \`scope\` is.`);
    },
  );

  try {
    await client.request("initialize", {
      processId: process.pid,
      rootUri: folder ? folder.uri.toString() : null,
      capabilities: { general: { positionEncodings: ["utf-16"] } },
    });
  } catch {
    return;
  }
  client.notify("initialized", {});

  const open = (document) => {
    if (!isOurs(document)) return;
    client.notify("textDocument/didOpen", {
      textDocument: {
        uri: document.uri.toString(),
        languageId: "scope",
        version: document.version,
        text: document.getText(),
      },
    });
  };
  vscode.workspace.textDocuments.forEach(open);
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.scope");
  const changed = (type) => (uri) =>
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: uri.toString(), type }] });

  context.subscriptions.push(
    reports,
    watcher,
    watcher.onDidCreate(changed(1)),
    watcher.onDidChange(changed(2)),
    watcher.onDidDelete(changed(3)),
    vscode.workspace.onDidOpenTextDocument(open),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (!isOurs(document)) return;
      client.notify("textDocument/didClose", { textDocument: { uri: document.uri.toString() } });
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (!isOurs(document)) return;
      client.notify("textDocument/didSave", { textDocument: { uri: document.uri.toString() } });
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (!isOurs(document)) return;
      client.notify("textDocument/didChange", {
        textDocument: { uri: document.uri.toString(), version: document.version },
        contentChanges: contentChanges.map(({ range, text }) => ({
          range: { start: range.start, end: range.end },
          text,
        })),
      });
    }),
    vscode.languages.registerHoverProvider(selector, {
      async provideHover(document, position) {
        const hover = await client.request("textDocument/hover", place(document, position));
        if (!hover) return undefined;
        return new vscode.Hover(new vscode.MarkdownString(hover.contents.value), toRange(hover.range));
      },
    }),
    vscode.languages.registerDocumentFormattingEditProvider(selector, {
      async provideDocumentFormattingEdits(document, options) {
        const edits = await client.request("textDocument/formatting", {
          textDocument: { uri: document.uri.toString() },
          options: { tabSize: options.tabSize, insertSpaces: options.insertSpaces },
        });
        return (edits || []).map((edit) => vscode.TextEdit.replace(toRange(edit.range), edit.newText));
      },
    }),
    vscode.languages.registerDefinitionProvider(selector, {
      async provideDefinition(document, position) {
        const found = await client.request("textDocument/definition", place(document, position));
        return found ? toLocation(found) : undefined;
      },
    }),
  );
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
