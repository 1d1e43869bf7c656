"""What scripts/deploy refuses, in which order it goes, and whom it shows a secret. No AWS: a whole deployment is told in tests/emulator.

    python3 -m unittest discover --start-directory tests/template
"""

import importlib.machinery
import importlib.util
import json
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGIONS = ["eu-west-1", "eu-west-2", "us-east-1"]


def load():
    loader = importlib.machinery.SourceFileLoader("deploy", str(ROOT / "scripts" / "deploy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("deploy", loader))
    sys.modules["deploy"] = module
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


deploy = load()


def example():
    """The repository's samconfig.toml with one's own names in it, as docs/deploy.md asks for."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    text = text.replace("chat.example.com", "chat.example.net").replace("Z0000000000000000000", "Z0123456789")
    return text.replace(":000000000000:certificate/00000000-", ":123456789012:certificate/12345678-")


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samconfig.toml"
        path.write_text(text, encoding="utf-8")
        return deploy.read(path)


def flaws(text):
    try:
        read(text)
    except deploy.Stop as stop:
        return [line.removeprefix("  - ") for line in str(stop).splitlines()[1:]] or [str(stop)]
    return []


def with_witness(text):
    """Two regions that serve; the third only watches."""
    return text.replace('Regions = ["eu-west-1", "eu-west-2", "us-east-1"]', 'Regions = ["eu-west-1", "eu-west-2"]')


class Configurations(unittest.TestCase):
    def test_the_examples_with_own_names_are_taken_and_as_they_are_they_are_not(self):
        self.assertEqual([stack.env for stack in read(example())], ["owner", *REGIONS])
        refused = flaws((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
        self.assertEqual(len(refused), 10)
        self.assertTrue(all(flaw.endswith("is still the example's") for flaw in refused), refused)

    def test_what_does_not_fit_together_is_named(self):
        two = '["eu-west-1", "eu-west-2"]'
        cases = [
            (("eu-west-2:123456789012", "eu-west-1:123456789012"), "eu-west-2: CertificateArn is not that of a certificate in eu-west-2"),
            (('Observers = ["eu-west-1", "eu-west-2", "us-east-1"]', f"Observers = {two}"), "Observers are 3, 5 or 7, each once; these are 2. A service of two regions adds a witness"),
            (('["eu-west-1", "eu-west-2", "us-east-1"]', '["eu-west-1"]'), "Regions are 2 to 6, each once; these are 1"),
            (('region = "eu-west-1"\nresolve_s3 = true\nfail_on', 'region = "ca-central-1"\nresolve_s3 = true\nfail_on'), "the owner stack is in ca-central-1, which is not among Regions: the table needs a replica there"),
            (('[us-east-1.deploy', '[us-east-1.package'), "us-east-1 is an observer and has no environment of its own"),
            (('stack_name = "chat"\nregion = "eu-west-2"', 'stack_name = "talk"\nregion = "eu-west-2"'), "eu-west-2 has another stack name than eu-west-1"),
            (('Capacity', 'ObserverCount'), "eu-west-1: ObserverCount is set here; scripts/deploy derives it"),
            (('Capacity', 'ProbeSecrets'), "eu-west-1: ProbeSecrets is a secret; give it as FAILOVER_PROBE_SECRETS"),
        ]  # fmt: skip
        for (old, new), flaw in cases:
            with self.subTest(flaw):
                self.assertIn(old, example())
                self.assertIn(flaw, flaws(example().replace(old, new)))
        one = example().replace('Service = "chat"', 'Service = "talk"', 1)
        self.assertIn("eu-west-2 says Service = chat, and owner says talk: it is the same in every stack", flaws(one))


class Orders(unittest.TestCase):
    def order(self, text, **deployed):
        """The order, where `deployed` says of each stack that is there what it was given for `Serves`."""
        stacks = read(text)
        for stack in stacks:
            serves = deployed.get(stack.env.replace("-", "_"))
            if serves is not None:
                stack.status, stack.deployed = "CREATE_COMPLETE", {"Serves": serves}
        return [stack.env for stack in deploy.in_order(stacks)]

    def test_the_owner_goes_first_then_witnesses_then_the_canary(self):
        self.assertEqual(self.order(example()), ["owner", "eu-west-1", "eu-west-2", "us-east-1"])
        self.assertEqual(self.order(with_witness(example())), ["owner", "us-east-1", "eu-west-1", "eu-west-2"])

    def test_a_new_region_goes_before_those_that_are_there(self):
        order = self.order(example(), owner="", eu_west_1="true", eu_west_2="true")
        self.assertEqual(order, ["owner", "us-east-1", "eu-west-1", "eu-west-2"])

    def test_a_region_that_serves_no_longer_goes_before_its_table(self):
        order = self.order(with_witness(example()), owner="", eu_west_1="true", eu_west_2="true", us_east_1="true")
        self.assertEqual(order, ["us-east-1", "owner", "eu-west-1", "eu-west-2"])


class Runs(unittest.TestCase):
    def test_a_region_is_served_until_a_majority_ejects_it(self):
        stack = next(stack for stack in read(example()) if stack.env == "eu-west-2")
        for ejecting, refused in [(0, True), (1, True), (2, False), (3, False)]:
            with self.subTest(ejecting=ejecting), aws_that_votes(ejecting):
                if refused:
                    with self.assertRaisesRegex(deploy.Stop, f"eu-west-2 is served \\({ejecting} of 3 observers eject it\\)"):
                        deploy.refuse_if_served(stack)
                else:
                    deploy.refuse_if_served(stack)

    def test_secrets_are_in_a_file_that_nobody_else_reads_and_that_goes(self):
        stack = read(example())[1]
        with deploy.sam_config(stack, {"ProbeSecrets": 'a "quoted" secret'}) as path:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
            said = deploy.tomllib.loads(path.read_text(encoding="utf-8"))["default"]["deploy"]["parameters"]
            self.assertEqual(said["parameter_overrides"], {"ProbeSecrets": 'a "quoted" secret'})
            self.assertEqual((said["stack_name"], said["region"]), ("chat", "eu-west-1"))
        self.assertFalse(path.exists())

    def test_what_the_binaries_were_built_for_is_read_from_them(self):
        with tempfile.TemporaryDirectory() as folder, replaced(deploy, "ROOT", Path(folder)):
            (Path(folder) / "template.yaml").write_text("CodeUri: target/lambda/one/\nCodeUri: target/lambda/two/\n", encoding="utf-8")
            with self.assertRaisesRegex(deploy.Stop, "target/lambda/one/bootstrap is not there: run scripts/lambdas"):
                deploy.architecture()
            self.binary(folder, "one", 183)
            self.binary(folder, "two", 183)
            self.assertEqual(deploy.architecture(), "arm64")
            self.binary(folder, "two", 62)
            with self.assertRaisesRegex(deploy.Stop, "not all built for one architecture"):
                deploy.architecture()

    @staticmethod
    def binary(folder, name, machine):
        path = Path(folder) / "target" / "lambda" / name / "bootstrap"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(8))


class replaced:
    """A value of a module, for a while."""

    def __init__(self, module, name, value):
        self.module, self.name, self.value = module, name, value

    def __enter__(self):
        self.before = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)

    def __exit__(self, *_):
        setattr(self.module, self.name, self.before)


class aws_that_votes:
    """An `aws` on PATH in whose account so many observers vote to eject eu-west-2, and one has never voted when none does."""

    def __init__(self, ejecting):
        self.votes = {region: "eject" if place < ejecting else "serve" for place, region in enumerate(REGIONS)}
        if ejecting == 0:
            del self.votes[REGIONS[0]]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        documents = {region: json.dumps({"Parameter": {"Value": json.dumps({"regions": {"eu-west-2": {"vote": vote}}})}}) for region, vote in self.votes.items()}
        program = Path(self.folder.name) / "aws"
        program.write_text(
            f"#!{sys.executable}\nimport sys\nfound = {documents!r}.get(sys.argv[sys.argv.index('--region') + 1])\n"
            "sys.exit('An error occurred (ParameterNotFound)') if found is None else print(found)\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
        self.path = os.environ["PATH"]
        os.environ["PATH"] = f"{self.folder.name}{os.pathsep}{self.path}"

    def __exit__(self, *_):
        os.environ["PATH"] = self.path
        self.folder.cleanup()


if __name__ == "__main__":
    unittest.main()
