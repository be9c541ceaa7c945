export function bytesOf(seed: string, length: number): Buffer;
