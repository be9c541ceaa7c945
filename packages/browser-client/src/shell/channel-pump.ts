import { LIMITS } from '@wingman/protocol';
import type { PumpToShell, PumpToWorker } from '../shared/worker-messages.js';

/** Carries a data channel's messages to and from a port, where the engine can't transfer the channel itself. */
export function pumpChannel(channel: RTCDataChannel): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const post = (message: PumpToWorker, transfer: Transferable[] = []): void =>
    port1.postMessage(message, transfer);
  let unreported = 0;
  const report = (): void => {
    if (unreported > 0) post({ kind: 'sent', bytes: unreported });
    unreported = 0;
  };
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = LIMITS.carrierLowWaterBytes;
  channel.onopen = () => post({ kind: 'open' });
  channel.onclose = () => post({ kind: 'closed' });
  channel.onbufferedamountlow = report;
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) post({ kind: 'message', bytes: data }, [data]);
  };
  port1.onmessage = ({ data }: MessageEvent<PumpToShell>) => {
    if (data.kind === 'close') return channel.close();
    if (!trySend(channel, data.bytes)) return channel.close();
    unreported += data.bytes.byteLength;
    if (channel.bufferedAmount <= LIMITS.carrierLowWaterBytes) report();
  };
  return port2;
}

function trySend(channel: RTCDataChannel, bytes: Uint8Array): boolean {
  try {
    channel.send(bytes as Uint8Array<ArrayBuffer>);
    return true;
  } catch {
    return false;
  }
}
