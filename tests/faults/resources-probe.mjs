// Loaded into server and host: on SIGUSR2 they write down what keeps their event loop alive.
import { writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const file = process.env.WINGMAN_PROBE_FILE;
  if (file !== undefined) writeFileSync(file, JSON.stringify(process.getActiveResourcesInfo()));
});
