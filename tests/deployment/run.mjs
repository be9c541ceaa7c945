// `npm run test:deployment`: bundles the checks and runs them.
import { runBundled } from '../support/run-bundled.mjs';

await runBundled('deployment');
