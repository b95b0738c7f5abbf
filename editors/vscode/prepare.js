// Before packaging: the grammar and the licence come from where they are kept once.
"use strict";
const fs = require("fs");
const path = require("path");
for (const name of ["scope.tmLanguage.json", "language-configuration.json"]) {
  fs.copyFileSync(path.join(__dirname, "..", "textmate", name), path.join(__dirname, name));
}
fs.copyFileSync(path.join(__dirname, "..", "..", "LICENSE"), path.join(__dirname, "LICENSE"));
