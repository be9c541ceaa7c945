import { formatBytes } from '@wingman/protocol';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatMs } from './format.js';
import type { Sample } from './history.js';

const HEIGHT = 130;
const LEAST_WIDTH = 100;

/** What one chart shows of the samples. The colours are names in diagnostics.css. */
interface Plot {
  readonly title: string;
  readonly lines: readonly {
    readonly label: string;
    readonly color: string;
    readonly value: (sample: Sample) => number | null;
  }[];
  readonly format: (value: number) => string;
}

const PLOTS: readonly Plot[] = [
  {
    title: 'Round trip',
    lines: [
      { label: 'direct', color: '--direct', value: ({ rtt }) => rtt.direct },
      { label: 'relay', color: '--relay', value: ({ rtt }) => rtt.relay },
    ],
    format: formatMs,
  },
  {
    title: 'Throughput',
    lines: [
      { label: 'down', color: '--direct', value: ({ down }) => down },
      { label: 'up', color: '--relay', value: ({ up }) => up },
    ],
    format: (bytes) => `${formatBytes(bytes)}/s`,
  },
];

/** Round trip and throughput since the page was opened, ten minutes at most. */
export function Charts({ samples }: { readonly samples: readonly Sample[] }): VNode {
  return (
    <div class="charts">
      {PLOTS.map((plot) => (
        <Chart key={plot.title} plot={plot} samples={samples} />
      ))}
    </div>
  );
}

interface ChartProps {
  readonly plot: Plot;
  readonly samples: readonly Sample[];
}

function Chart({ plot, samples }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  useEffect(() => {
    const { current: element } = place;
    if (element === null) return;
    const made = new uPlot(optionsOf(plot, element), dataOf(plot, []), element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [plot]);
  useEffect(() => chart.current?.setData(dataOf(plot, samples)), [samples]);
  const last = samples.at(-1);
  const now = plot.lines.map(({ label, value }) => {
    const known = last === undefined ? null : value(last);
    return `${label} ${known === null ? '–' : plot.format(known)}`;
  });
  return (
    <figure>
      <figcaption>
        <strong>{plot.title}</strong>
        {plot.lines.map(({ color, label }, index) => (
          <span key={label}>
            <i style={{ background: `var(${color})` }} /> {now[index]}
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${plot.title} over time, now ${now.join(', ')}`} />
    </figure>
  );
}

function dataOf({ lines }: Plot, samples: readonly Sample[]): uPlot.AlignedData {
  return [samples.map(({ at }) => at / 1_000), ...lines.map(({ value }) => samples.map(value))];
}

function optionsOf({ format, lines }: Plot, element: HTMLElement): uPlot.Options {
  // A canvas doesn't know the variables of a style sheet.
  const color = (name: string): string => getComputedStyle(element).getPropertyValue(name);
  const axis = { stroke: color('--soft'), grid: { stroke: color('--line') }, size: 70 };
  return {
    width: Math.max(element.clientWidth, LEAST_WIDTH),
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    series: [
      {},
      ...lines.map(({ label, color: name }) => ({
        ...{ label, stroke: color(name), width: 2 },
        points: { show: false },
      })),
    ],
    scales: { y: { range: rangeOf } },
    axes: [
      { ...axis, size: 30 },
      { ...axis, values: (_chart, splits) => splits.map(format) },
    ],
  };
}

/** Axes begin at zero, so that small changes look small. */
function rangeOf(_chart: uPlot, _least: number, most: number): [number, number] {
  return [0, Math.max(most * 1.1, 1)];
}
