#!/usr/bin/env node
// Checked here, because an older Node can't even read the rest.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > 20 || (major === 20 && minor >= 19)) {
  await import('../dist/wingman.js');
} else {
  console.error(`wingman: this is Node.js ${process.versions.node}, and 20.19 or newer is needed.`);
  process.exitCode = 2;
}
