/** One end of a port whose other end is the test. */
export class FakePort<In, Out> {
  onmessage: ((event: MessageEvent<In>) => unknown) | null = null;
  readonly posted: Out[] = [];
  readonly transferred: Transferable[] = [];
  isClosed = false;

  postMessage(message: Out, transfer: Transferable[] = []): void {
    if (this.isClosed) throw new Error('posted to a closed port');
    this.posted.push(message);
    this.transferred.push(...transfer);
  }

  close(): void {
    this.isClosed = true;
  }

  /** A message has come. */
  gives(data: In): void {
    this.onmessage?.({ data } as MessageEvent<In>);
  }
}
