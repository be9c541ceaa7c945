// Generates packages/protocol/src/gen from the proto schema; with --check, fails when the checked-in code is stale.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const protocol = join(root, 'packages/protocol');
const checkedIn = join(protocol, 'src/gen');

/** Plain encoders without reflection: a third of the code a browser would have to load for it. */
const OPTIONS = [
  'importSuffix=.js',
  'esModuleInterop=true',
  'oneof=unions-value',
  'forceLong=bigint',
  'removeEnumPrefix=true',
  'unrecognizedEnum=false',
  'outputJsonMethods=false',
  'useExactTypes=false',
  'annotateFilesWithVersion=false',
];

function generate(into) {
  const template = {
    version: 'v2',
    plugins: [
      {
        local: join(root, 'node_modules/.bin/protoc-gen-ts_proto'),
        out: into,
        opt: OPTIONS,
        strategy: 'all',
      },
    ],
  };
  const buf = join(root, 'node_modules/.bin/buf');
  execFileSync(buf, ['generate', '--template', JSON.stringify(template)], {
    cwd: protocol,
    stdio: 'inherit',
  });
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length))
    .sort();
}

function differs(left, right) {
  const names = filesBelow(left);
  if (names.join() !== filesBelow(right).join()) return true;
  return names.some(
    (name) => readFileSync(join(left, name), 'utf8') !== readFileSync(join(right, name), 'utf8'),
  );
}

const scratch = mkdtempSync(join(tmpdir(), 'wingman-proto-'));
try {
  generate(scratch);
  if (!process.argv.includes('--check')) {
    rmSync(checkedIn, { recursive: true, force: true });
    cpSync(scratch, checkedIn, { recursive: true });
  } else if (differs(scratch, checkedIn)) {
    console.error('packages/protocol/src/gen is stale: run `npm run generate` and commit it');
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
