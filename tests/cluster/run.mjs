// `npm run test:cluster`: bundles the program and runs it.
import { runBundled } from '../support/run-bundled.mjs';

await runBundled('cluster');
