import { expect, test } from '@jest/globals';
import { StateMachine, type TransitionTable } from '../src/state-machine.js';

type Door = 'open' | 'shut' | 'gone';
const TABLE: TransitionTable<Door> = { open: ['shut'], shut: ['open', 'gone'], gone: [] };

test('moves as its table says, and tells each state it enters once it holds', () => {
  const entered: Door[][] = [];
  const door = new StateMachine(TABLE, 'open', (state) => entered.push([state, door.state]));
  expect(door.transition('shut')).toBe(true);
  door.demand('gone');
  expect(door.state).toBe('gone');
  expect(entered).toEqual([
    ['shut', 'shut'],
    ['gone', 'gone'],
  ]);
});

test('a move that the table does not have changes nothing, and tells nobody', () => {
  const entered: Door[] = [];
  const door = new StateMachine(TABLE, 'open', (state) => entered.push(state));
  expect(door.transition('gone')).toBe(false);
  expect(() => door.demand('gone')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  expect([door.state, entered]).toEqual(['open', []]);
});
