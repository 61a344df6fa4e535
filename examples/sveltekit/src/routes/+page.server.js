import { board } from '$lib/server/board.js';

export const load = () => ({ initial: board.snapshot() });
