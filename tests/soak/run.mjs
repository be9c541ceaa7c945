// `npm run soak`: bundles the program and runs it.
import { runBundled } from '../support/run-bundled.mjs';

await runBundled('soak');
