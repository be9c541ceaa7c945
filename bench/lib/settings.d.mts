export interface LinkShape {
  readonly rttMs: number;
  readonly rateMbit: number;
  readonly queueMs: number;
  readonly lossPercent: number;
}

export interface Setting {
  readonly name: string;
  readonly about: string;
  readonly links:
    Readonly<Record<'viewerServer' | 'serverHost' | 'viewerHost', LinkShape>> | undefined;
}

export function settingsOf(list: string): Setting[];
