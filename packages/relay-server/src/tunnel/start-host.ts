import { PrekeyRing, systemClock } from '@wingman/protocol';
import { Admission } from './admission.js';
import type { HostOptions } from './host-types.js';
import { Host } from './host.js';
import { firstRegistration } from './signaling-client.js';

/**
 * Starts a host; resolves once it is registered. `watch` sees it before, to listen for what goes
 * wrong until then. Fails with the server's refusal, or TIMEOUT after HOST_LIMITS.startMs.
 */
export async function startHost(
  options: HostOptions,
  watch: (host: Host) => void = () => undefined,
): Promise<Host> {
  const prekeys = await PrekeyRing.create();
  const admission = await Admission.create(options.identity.linkKey);
  const first = firstRegistration(options.server, options.clock ?? systemClock);
  const host = new Host(options, { prekeys, admission }, first);
  watch(host);
  try {
    await first.done;
    return host;
  } catch (error) {
    await host.close('refused');
    throw error;
  }
}
