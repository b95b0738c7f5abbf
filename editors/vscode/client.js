// The language server's protocol over a process's standard input and output: messages framed by their length.
"use strict";
const { spawn } = require("child_process");

class Client {
  // `onNotification(method, params)` is told what the server says by itself, `onEnd(words)` why it went away.
  constructor(command, folder, onNotification, onEnd) {
    this.pending = new Map();
    this.next = 1;
    this.buffer = Buffer.alloc(0);
    this.onNotification = onNotification;
    this.isEnded = false;
    this.process = spawn(command, ["lsp"], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] });
    const end = (words) => {
      if (this.isEnded) return;
      this.isEnded = true;
      for (const { reject } of this.pending.values()) reject(new Error(words));
      this.pending.clear();
      onEnd(words);
    };
    this.process.on("error", (error) => end(`\`${command} lsp\` cannot be started: ${error.message}`));
    this.process.on("exit", (code) => end(`\`${command} lsp\` ended with ${code}`));
    this.process.stdin.on("error", () => {});
    this.process.stdout.on("data", (data) => this.receive(data));
  }

  send(message) {
    if (this.isEnded) return;
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.process.stdin.write(body);
  }

  request(method, params) {
    if (this.isEnded) return Promise.reject(new Error("the server is gone"));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  notify(method, params) {
    this.send({ method, params });
  }

  receive(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const end = this.buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /content-length: *(\d+)/i.exec(this.buffer.toString("ascii", 0, end));
      if (!length) {
        this.process.kill();
        return;
      }
      const stop = end + 4 + Number(length[1]);
      if (this.buffer.length < stop) return;
      const message = JSON.parse(this.buffer.toString("utf8", end + 4, stop));
      this.buffer = this.buffer.subarray(stop);
      this.handle(message);
    }
  }

  handle(message) {
    if (message.method !== undefined && message.id !== undefined) {
      // A request of the server: it asks for nothing that needs a value.
      this.send({ id: message.id, result: null });
    } else if (message.method !== undefined) {
      this.onNotification(message.method, message.params);
    } else {
      const waiting = this.pending.get(message.id);
      this.pending.delete(message.id);
      if (!waiting) return;
      if (message.error) waiting.reject(new Error(message.error.message));
      else waiting.resolve(message.result);
    }
  }

  async stop() {
    if (this.isEnded) return;
    this.isEnded = true;
    const process = this.process;
    const timer = setTimeout(() => process.kill(), 2000);
    process.on("exit", () => clearTimeout(timer));
    this.isEnded = false;
    try {
      await this.request("shutdown", null);
    } catch {
      // It is gone already.
    }
    this.notify("exit", null);
    this.isEnded = true;
  }
}

module.exports = { Client };
