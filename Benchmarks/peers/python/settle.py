"""The Python side of the comparison of consumers alone: aio-pika consumes and acks, and prints what that took as JSON."""

import argparse
import asyncio
import json
import os
import time

import aio_pika


async def main():
    """Takes the broker from the worker's variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--count", type=int, required=True, help="how many messages are in it")
    parser.add_argument("--prefetch", type=int, default=20)
    asked = parser.parse_args()
    connection = await aio_pika.connect(
        host=os.environ["RABBITMQ_HOST"], port=int(os.environ["RABBITMQ_PORT"]), login=os.environ["RABBITMQ_USERNAME"],
        password=os.environ["RABBITMQ_PASSWORD"], virtualhost=os.environ["RABBITMQ_VIRTUAL_HOST"])
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=asked.prefetch)
        queue = await channel.get_queue(asked.queue)
        settled, started, used = 0, 0.0, 0.0
        async with queue.iterator() as messages:
            async for message in messages:
                if settled == 0:
                    started, used = time.monotonic(), time.process_time()
                await message.ack()
                settled += 1
                if settled == asked.count:
                    break
            taken = {"messages": settled, "seconds": time.monotonic() - started, "cpuSeconds": time.process_time() - used}
    print(json.dumps(taken))


asyncio.run(main())
