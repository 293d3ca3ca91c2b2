// The tokens as they are written, judged by WCAG 2.2: text 4.5, controls and what carries meaning 3.
import { describe, expect, it } from 'vitest';
import css from '../../src/styles/tokens.css?raw';

type Rgb = readonly [number, number, number];

/** OKLCH to linear sRGB (https://bottosson.github.io/posts/oklab/). */
function linearRgb(lightness: number, chroma: number, hue: number): Rgb {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(Math.max(value, 0), 1);
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function token(name: string, scheme: 'light' | 'dark'): Rgb {
  const line = new RegExp(`--${name}:\\s*([^;]+);`).exec(css)?.[1] ?? '';
  const colours = [...line.matchAll(/oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/g)].map((match) => linearRgb(Number(match[1]), Number(match[2]), Number(match[3])));
  const colour = scheme === 'dark' ? (colours[1] ?? colours[0]) : colours[0];
  if (colour === undefined) throw new Error(`no colour --${name}`);
  return colour;
}

const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const surfaces = ['surface-side', 'surface-page', 'surface-raised', 'surface-field'];
const texts = ['text', 'text-quiet', 'text-faint', 'accent-text', 'leaf-text', 'danger'];
const signs = ['line-strong', 'ring', 'leaf', 'amber-dot'];

describe.each(['light', 'dark'] as const)('in %s', (scheme) => {
  it.each(surfaces.flatMap((surface) => texts.map((text) => [text, surface] as const)))('%s can be read on %s', (text, surface) => {
    expect(contrast(token(text, scheme), token(surface, scheme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(surfaces.flatMap((surface) => signs.map((sign) => [sign, surface] as const)))('%s can be seen on %s', (sign, surface) => {
    expect(contrast(token(sign, scheme), token(surface, scheme))).toBeGreaterThanOrEqual(3);
  });

  it('a button’s words can be read', () => {
    expect(contrast(token('on-accent', scheme), token('accent', scheme))).toBeGreaterThanOrEqual(4.5);
  });
});
