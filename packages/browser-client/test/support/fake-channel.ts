/** BroadcastChannels of one origin: what is posted is heard by all others of the name, in a later turn. */
export class FakeChannel {
  static readonly open = new Set<FakeChannel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    FakeChannel.open.add(this);
  }

  postMessage(data: unknown): void {
    if (!FakeChannel.open.has(this)) throw new DOMException('closed', 'InvalidStateError');
    for (const other of FakeChannel.open) {
      if (other === this || other.name !== this.name) continue;
      queueMicrotask(() => FakeChannel.open.has(other) && other.onmessage?.({ data }));
    }
  }

  close(): void {
    FakeChannel.open.delete(this);
  }
}
