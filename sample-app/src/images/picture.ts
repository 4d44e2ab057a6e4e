import { encodePng } from './png.js';

/** The pictures there are: each is the Julia set of one complex number, with a colour to lean to. */
export const PICTURES = {
  fern: { re: -0.7269, im: 0.1889, hue: [0.1, 0.55, 0.45] },
  ember: { re: -0.8, im: 0.156, hue: [0.95, 0.5, 0.2] },
  tide: { re: 0.285, im: 0.01, hue: [0.15, 0.45, 0.85] },
} as const;
export type PictureName = keyof typeof PICTURES;

const WIDTH = 480;
const HEIGHT = 270;
const MOST_STEPS = 160;

/** Draws a picture, point by point: work that is worth caching. */
export function drawPicture(name: PictureName): Buffer {
  const { re, im, hue } = PICTURES[name];
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const light = brightness((x / WIDTH - 0.5) * 3.2, (y / HEIGHT - 0.5) * 1.8, re, im);
      for (let channel = 0; channel < 3; channel++) {
        const tint = hue[channel] ?? 0;
        pixels[(y * WIDTH + x) * 3 + channel] = 255 * light ** (1.6 - tint) * (0.35 + 0.65 * tint);
      }
    }
  }
  return encodePng(WIDTH, HEIGHT, pixels);
}

/** How long the point stays near when z ← z² + c is repeated, from 0 (flies off at once) to 1 (stays). */
function brightness(startRe: number, startIm: number, re: number, im: number): number {
  let [zr, zi] = [startRe, startIm];
  for (let step = 0; step < MOST_STEPS; step++) {
    const [rr, ii] = [zr * zr, zi * zi];
    // The fraction smooths the steps into a gradient.
    if (rr + ii > 16) return Math.sqrt((step + 2 - Math.log2(Math.log2(rr + ii))) / MOST_STEPS);
    zi = 2 * zr * zi + im;
    zr = rr - ii + re;
  }
  return 1;
}
