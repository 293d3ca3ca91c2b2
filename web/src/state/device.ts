/** What a person will recognise this session by, such as "Firefox on Linux". At most 64 characters. */
export function deviceName(agent: string = navigator.userAgent): string {
  const browsers: readonly (readonly [string, RegExp])[] = [
    ['Edge', /Edg\//],
    ['Opera', /OPR\//],
    ['Firefox', /Firefox\//],
    ['Chrome', /Chrom(e|ium)\//],
    ['Safari', /Safari\//],
  ];
  const systems: readonly (readonly [string, RegExp])[] = [
    ['Android', /Android/],
    ['iPhone', /iPhone/],
    ['iPad', /iPad/],
    ['Windows', /Windows/],
    ['macOS', /Mac OS X/],
    ['Linux', /Linux/],
  ];
  const browser = browsers.find(([, pattern]) => pattern.test(agent))?.[0] ?? 'A browser';
  const system = systems.find(([, pattern]) => pattern.test(agent))?.[0];
  return system === undefined ? browser : `${browser} on ${system}`;
}
