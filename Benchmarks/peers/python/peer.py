"""What a Python programmer would write instead of the worker: aio-pika and aiohttp, as Debian packages them.

It keeps the promises that the benchmark is about, and no others: a start message is acked after its pod was created and
looked at, its init timer is held by the broker (mandatory, confirmed) and the build API was told. Whatever fails goes to
the wait queue. aio-pika runs a task a message, and connects again by itself.
"""

import asyncio
import datetime
import json
import logging
import os
import signal

import aio_pika
import aiohttp

from pod import pod_for

log = logging.getLogger("peer")


class Failed(Exception):
    """A build cannot go on now."""


class Services:
    """The API server and the build API, over connections that are kept."""

    def __init__(self, session):
        self._session = session
        self._pods = f"{os.environ['K8S_HOST']}/api/v1/namespaces/{os.environ['K8S_JOBS_NAMESPACE']}/pods"
        self._api = os.environ["ECOSYSTEM_API"]
        self._cluster = {"Authorization": f"Bearer {os.environ['K8S_TOKEN']}"}
        self._looks_again = os.environ.get("PEER_LOOK", "request") == "request"

    async def ensure_pod(self, build):
        """Creates the pod of a build, or finds the one that an earlier delivery made, and looks at it."""
        wanted = pod_for(build)
        async with self._session.post(self._pods, json=wanted, headers=self._cluster) as response:
            seen = await response.json()
            status = response.status
        if status not in (201, 409):
            raise Failed(f"create pod: {status}")
        if self._looks_again or status == 409:
            url = f"{self._pods}/{wanted['metadata']['name']}/status"
            async with self._session.get(url, headers=self._cluster) as response:
                seen = await response.json()
                if response.status != 200:
                    raise Failed(f"get pod: {response.status}")
        if seen["metadata"].get("deletionTimestamp"):
            raise Failed("the pod is terminating")
        if seen["status"]["phase"] not in ("Pending", "Running", "Succeeded"):
            raise Failed(f"the pod's phase is {seen['status']['phase']}")
        return seen

    async def note(self, build, seen):
        """Tells the build API where a build is."""
        update = {"statusMessage": "Waiting for resources to be available."}
        if seen["spec"].get("nodeName"):
            now = datetime.datetime.now(datetime.timezone.utc).isoformat()
            update = {"stats": {"hostname": seen["spec"]["nodeName"], "imagePullStartTime": now}}
        headers = {"Authorization": f"Bearer {build['token']}"}
        async with self._session.put(f"{self._api}/v4/builds/{build['buildId']}", json=update, headers=headers) as response:
            await response.json()
            if response.status // 100 != 2:
                raise Failed(f"update build: {response.status}")


class Consumer:
    """Starts one build for each message of the build queue."""

    def __init__(self, exchange, services):
        self._exchange, self._services = exchange, services
        self._init_queue = os.environ["RABBITMQ_RETRYQUEUE"] + ".init"
        self.in_hand = set()

    async def take(self, message):
        """Acks what is done, and sends everything else to the wait queue."""
        task = asyncio.current_task()
        self.in_hand.add(task)
        try:
            await self._start(message)
        except (Failed, ValueError, KeyError, aiohttp.ClientError, asyncio.TimeoutError, aio_pika.exceptions.AMQPError) as error:
            log.error("a build goes back: %r", error)
            await message.nack(requeue=False)
        else:
            await message.ack()
        finally:
            self.in_hand.discard(task)

    async def _start(self, message):
        start = json.loads(message.body)
        if start["job"] != "start":
            raise Failed(f"job is {start['job']!r}: the peer only starts builds")
        build = start["buildConfig"]
        seen = await self._services.ensure_pod(build)
        timer = aio_pika.Message(
            json.dumps({"job": "verify", "buildConfig": build}).encode(), content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT, type="verify", app_id="peer", headers={"x-init-round": 1},
            timestamp=datetime.datetime.now(datetime.timezone.utc))
        # Raises when it is returned or not taken; returns when it is confirmed.
        await self._exchange.publish(timer, self._init_queue, mandatory=True)
        await self._services.note(build, seen)
        log.info("build %s has pod %s", build["buildId"], seen["metadata"]["name"])


async def main():
    """Consumes until SIGTERM, and finishes what it has in flight."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    prefetch = int(os.environ.get("RABBITMQ_PREFETCH_COUNT", "20"))
    broker = {
        "host": os.environ["RABBITMQ_HOST"], "port": int(os.environ["RABBITMQ_PORT"]), "login": os.environ["RABBITMQ_USERNAME"],
        "password": os.environ["RABBITMQ_PASSWORD"], "virtualhost": os.environ["RABBITMQ_VIRTUAL_HOST"],
    }
    # Two connections: a memory alarm stops the broker reading from one that publishes.
    async with await aio_pika.connect_robust(**broker) as consuming, await aio_pika.connect_robust(**broker) as publishing:
        publisher = await publishing.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await publisher.get_exchange(os.environ["RABBITMQ_EXCHANGE"])
        channel = await consuming.channel()
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.get_queue(os.environ["RABBITMQ_QUEUE"])
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit_per_host=prefetch), timeout=timeout) as session:
            consumer = Consumer(exchange, Services(session))
            tag = await queue.consume(consumer.take)
            log.info("waiting for messages in %s", queue.name)
            await ended.wait()
            await queue.cancel(tag)
            await asyncio.gather(*consumer.in_hand)


if __name__ == "__main__":
    asyncio.run(main())
