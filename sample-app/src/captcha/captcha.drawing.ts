/**
 * The letters as strokes on a field of 4 × 6: points joined by lines, strokes parted by `/`. Strokes and not SVG text,
 * because text could be read by a program. Look-alikes (0 O, 1 I, 5 S …) are left out.
 */
const STROKES: Readonly<Record<string, string>> = {
  A: '0,6 2,0 4,6/0.7,4 3.3,4',
  C: '4,1 3,0 1,0 0,1 0,5 1,6 3,6 4,5',
  E: '4,0 0,0 0,6 4,6/0,3 3,3',
  F: '4,0 0,0 0,6/0,3 3,3',
  H: '0,0 0,6/4,0 4,6/0,3 4,3',
  K: '0,0 0,6/4,0 0,3 4,6',
  L: '0,0 0,6 4,6',
  M: '0,6 0,0 2,3 4,0 4,6',
  N: '0,6 0,0 4,6 4,0',
  P: '0,6 0,0 3,0 4,1 4,2 3,3 0,3',
  R: '0,6 0,0 3,0 4,1 4,2 3,3 0,3/2,3 4,6',
  T: '0,0 4,0/2,0 2,6',
  U: '0,0 0,5 1,6 3,6 4,5 4,0',
  X: '0,0 4,6/4,0 0,6',
  Y: '0,0 2,3 4,0/2,3 2,6',
  Z: '0,0 4,0 0,6 4,6',
  3: '0,0 4,0 2,2.4 4,4 3,6 0,6',
  4: '3,6 3,0 0,4 4,4',
  7: '0,0 4,0 1,6',
};

/** The letters and digits a captcha is made of. */
export const ALPHABET = Object.keys(STROKES).join('');

const WIDTH = 240;
const HEIGHT = 80;
const STEPS = 6; // each stroke becomes this many short lines, so that the waves can bend it

type Point = readonly [x: number, y: number];

/** The text as an SVG picture: every letter turned, moved and bent, with lines across it. Another picture each time. */
export function drawText(text: string): string {
  const bend = waves();
  const letters = Array.from(text, (letter, index) => {
    const path = drawLetter(letter, 34 + index * ((WIDTH - 62) / (text.length - 1)), bend);
    return `<path d="${path}" stroke-width="${between(3.2, 4.8).toFixed(1)}"/>`;
  });
  const across = Array.from({ length: 4 }, () => {
    const line = bent([0, between(10, 70)], [WIDTH, between(10, 70)], bend, 24);
    return `<path d="${line}" stroke-width="1.4" opacity="0.7"/>`;
  });

  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">` +
    '<rect width="100%" height="100%" fill="#f3efe4"/>' +
    '<g fill="none" stroke="#23395b" stroke-linecap="round" stroke-linejoin="round">' +
    `${letters.join('')}${across.join('')}</g></svg>`
  );
}

function drawLetter(letter: string, centerX: number, bend: (point: Point) => Point): string {
  const turn = between(-0.32, 0.32);
  const scale = between(6, 7.4);
  const centerY = HEIGHT / 2 + between(-5, 5);
  const place = ([x, y]: Point): Point => {
    const [dx, dy] = [(x - 2) * scale, (y - 3) * scale];
    return [
      centerX + dx * Math.cos(turn) - dy * Math.sin(turn),
      centerY + dx * Math.sin(turn) + dy * Math.cos(turn),
    ];
  };
  const strokes = (STROKES[letter] ?? '').split('/').map((stroke) => {
    const points = stroke
      .split(' ')
      .map((pair) => place(pair.split(',').map(Number) as [number, number]));
    return points
      .slice(1)
      .map((to, index) => bent(points[index] ?? to, to, bend, STEPS))
      .join('');
  });
  return strokes.join('');
}

/** A line from one point to another, as the waves bend it. */
function bent(from: Point, to: Point, bend: (point: Point) => Point, steps: number): string {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const part = step / steps;
    const [x, y] = bend([from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]);
    return `${step === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join('');
}

/** Two waves of random height, length and place that move every point of the picture. */
function waves(): (point: Point) => Point {
  const [highX, highY] = [between(1.5, 3), between(2.5, 4.5)];
  const [longX, longY] = [between(11, 17), between(22, 34)];
  const [startX, startY] = [between(0, 6), between(0, 6)];
  return ([x, y]) => [
    x + highX * Math.sin(y / longX + startX),
    y + highY * Math.sin(x / longY + startY),
  ];
}

function between(low: number, high: number): number {
  return low + Math.random() * (high - low);
}
