import { board } from '../board.js';

export const GET = (request) => board.fetch(request);
export const POST = GET;
