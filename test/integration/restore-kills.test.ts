import { expect, test } from 'vitest';
import { startRestoreScene } from '../support/restore-scene.ts';

test('whole', async () => {
  await using scene = await startRestoreScene();
  console.log(scene.fresh);
  for (let i = 0; i < 2; i++) {
    const old = await scene.changeData();
    console.log(old);
    const t = performance.now();
    await using agent = await scene.restore();
    const end = await agent.ended;
    console.log(performance.now() - t, end.exitCode, end.stdout, end.stderr);
    expect(await scene.expectFree(old)).toBe('new');
    const t2 = performance.now();
    console.log(await scene.recover(), performance.now() - t2);
  }
});
