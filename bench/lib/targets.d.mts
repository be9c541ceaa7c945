import type { Setting } from './settings.mjs';

export interface Sample {
  readonly peer: string;
  readonly run: number;
  readonly figures: Readonly<Record<string, number>>;
}

export interface Target {
  readonly figure: string;
  readonly peers: readonly string[];
  readonly base?: { readonly peer?: string; readonly figure?: string };
  readonly way?: 'ratio' | 'difference';
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly holdsIn?: (setting: Setting) => boolean;
}

export interface Row {
  readonly figure: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean;
  readonly detail: string;
}

interface Figure {
  readonly peer: string;
  readonly figure: string;
}

export function paired(
  samples: readonly Sample[],
  value: Figure,
  base: Figure,
  way?: 'ratio' | 'difference',
): number | undefined;

export function targetRows(
  measure: {
    readonly targets: readonly Target[];
    readonly figures: Readonly<Record<string, { readonly unit: string }>>;
  },
  setting: Setting,
  samples: readonly Sample[],
): Row[];
