import type { CSSProperties } from 'react';

/** Gives the colour of a visitor to the style sheet, as `--hue`. */
export const hueStyle = (hue: number): CSSProperties => ({ '--hue': hue }) as CSSProperties;
