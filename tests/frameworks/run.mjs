// `npm run test:frameworks`: bundles the matrix and runs it.
import { runBundled } from '../support/run-bundled.mjs';

await runBundled('frameworks');
