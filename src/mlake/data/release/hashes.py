"""SHA-256 of the authors' released files that mlake reads, by path within each commit."""

__all__ = ["CURRENT", "FILES", "OLDER"]

CURRENT = "40b6a3cfde908acdafee1cdc2e241f8c0eb9687b"
"""Commit with the released questions and answers."""

OLDER = "a33a315e96a4a0c449a9cd4178659288d815b2c4"
"""Commit that still has triples, relation labels and multiple choice."""

_CURRENT = {
    "dataset/multi_hop/new_de_qa.json": "fa70aafd46531402c45561c47320b300eca6f7768e59d7dd0a570bbea3c52452",
    "dataset/multi_hop/new_en_qa.json": "45c5452c763b94ba9e50a5005c2576b0f8a3e584f81794e18c38d1e760919eff",
    "dataset/multi_hop/new_fr_qa.json": "5636bbbbf5f1deb8e3066c17bd4b411aed7538f8bf10b417f4b64939f7978995",
    "dataset/multi_hop/new_ja_qa.json": "f14676479173cb0055749c8d305b5108e341be83638c4a6c404e7248629c5c9f",
    "dataset/multi_hop/new_zh_qa.json": "88d2e74b7c4f8fc3c06859e6f25a4f7aa6a9e85dcacba1c59fdc66ac471d2bdc",
    "dataset/multi_hop/old_de_qa.json": "d428f8531b338433286b586062cbd0f73bc617d34ce466d53ee4b301319f2629",
    "dataset/multi_hop/old_en_qa.json": "978e19ea77ff4e1a024828f89bee6e860c19e2e2a13089730c685a89d836c1e5",
    "dataset/multi_hop/old_fr_qa.json": "e91bc0af287840de42ae0e24f2b72d6650245e847216ce6a9ff68b38009d14bc",
    "dataset/multi_hop/old_ja_qa.json": "144c1e535eec6a1ecdb059d0df91725df5fec6754450bdf1fa188cf05dcb20f5",
    "dataset/multi_hop/old_zh_qa.json": "050f75e4d2f8ed475ab83b9f56e3fdf35ddad89eb7c73f29af3531da23f58fed",
    "dataset/single_hop/de_qa.json": "f65580a778e7eefcabb265a404dd0bdb803ddbd8f44fc046347709f52cbcc25f",
    "dataset/single_hop/en_qa.json": "d501aecd7e7e02051a78ec935dc7ced4bd5ab3110f2d14717242e694b3a03218",
    "dataset/single_hop/fr_qa.json": "5a6648dbdd159c03a485d73d25aa0c0e00962c4772bf344323d502630e020f69",
    "dataset/single_hop/ja_qa.json": "e0a24c164a42e4a7dfa595599d77b03bed4b0f88200f49a293be379c8d19ddbc",
    "dataset/single_hop/zh_qa.json": "6477ddc75a4cc4eddba899cea449a718ccb6073ab7965223ee34c130d8d40d36",
}

_OLDER = {
    "dataset/multi_hop/mcqa/new_de_mcqa.json": (
        "6f93df013c6dafdb7a3cdfa052bf71b558d8e5f51701f080e29162ff88e60c16"
    ),
    "dataset/multi_hop/mcqa/new_en_mcqa.json": (
        "be6a285f57cf8d927db00f571f20d6ae51e114b3c199ae5fe5a2f11f1eabe60a"
    ),
    "dataset/multi_hop/mcqa/new_fr_mcqa.json": (
        "2e0c420e2172c765c8c4a4b7604c69891d970255a66bc7f6c7f2ceff937fd267"
    ),
    "dataset/multi_hop/mcqa/new_ja_mcqa.json": (
        "0b0d0e36e1c5de13631e12599ce35b8d892f7f90e652d4418288220f665cd3b0"
    ),
    "dataset/multi_hop/mcqa/new_zh_mcqa.json": (
        "dcb3145e6df27878e22b40aebe5aee03210460fa05ab2b1fe0e133d7bb667a0f"
    ),
    "dataset/multi_hop/mcqa/old_de_mcqa.json": (
        "d678433a4babf069fe9cbf759b91ca8958668dedb22b9f95706313a27e0c77f2"
    ),
    "dataset/multi_hop/mcqa/old_en_mcqa.json": (
        "6bf2057adb4149cfde4a1f072bf8fa13204cc9b56b8d0d0e7fbc096460f73712"
    ),
    "dataset/multi_hop/mcqa/old_fr_mcqa.json": (
        "c3105a21c2dfaed18950ef5874c770548aec835abe763dc36f9a5fdc0fa059d0"
    ),
    "dataset/multi_hop/mcqa/old_ja_mcqa.json": (
        "f5bbba50ffff447d0ac408b637ad8d7c8edd60845f589fb2baab78c135918c7a"
    ),
    "dataset/multi_hop/mcqa/old_zh_mcqa.json": (
        "7905e629a02b7e15221cbb8c5e56021e5175c129eb9f74223016096efec9e9a6"
    ),
    "dataset/multi_hop/qa/new_de_qa.json": (
        "69e1cb01383d42640772d5971ebead32e834da67e17a7f7dd8c90762514594f1"
    ),
    "dataset/multi_hop/qa/new_en_qa.json": (
        "cfecdef72f9023e945fb28e661902ccdfe47bf40131a71d25d12115b557d1fc0"
    ),
    "dataset/multi_hop/qa/new_fr_qa.json": (
        "6898fad35af58b0b8519a5d96acda98a19b6e359c01684fa297500258740df9c"
    ),
    "dataset/multi_hop/qa/new_ja_qa.json": (
        "3e4e1e64f8b7674c67500795198d6be2a1a8bf819700d1b11f6f97180859f914"
    ),
    "dataset/multi_hop/qa/new_zh_qa.json": (
        "f86ebce3a070e071017fe2b571014813e0a1b73bad90b17820c81f35faaf3486"
    ),
    "dataset/multi_hop/qa/old_de_qa.json": (
        "1defee47a5425666f419c07fd03a9af924c61bd5dbeb6611666445ee8980bea4"
    ),
    "dataset/multi_hop/qa/old_en_qa.json": (
        "2d3930a8bbe33f30f10e914711e891e66f9ba90c62c01ad6f6a7aa989bc1dcbd"
    ),
    "dataset/multi_hop/qa/old_fr_qa.json": (
        "bfaaf3349287582b4b2050425f84be9295e0e657c925e5f95f083800454639cc"
    ),
    "dataset/multi_hop/qa/old_ja_qa.json": (
        "a1f31f91d530fb2c375da585d609eb9b7299f304adea3ada16b9d0ab00cb5116"
    ),
    "dataset/multi_hop/qa/old_zh_qa.json": (
        "7a86f1bb6eb229a2e26565a384af2f3f7993b4f53db7319e1e239bd3f177cd4d"
    ),
    "dataset/single_hop/mcqa/de_mcqa.json": (
        "e70ca8ef6790186149b0cdc4ef0d07befd15910879dab4d32bea68a474986e8a"
    ),
    "dataset/single_hop/mcqa/en_mcqa.json": (
        "dcf6fe1c1447abde756c056842acd957550d4f468304f9c55b10e2fa2f639494"
    ),
    "dataset/single_hop/mcqa/fr_mcqa.json": (
        "c0ea2f1d22991b7fac4d3a6a03ea77deb1c109ce9cd02ba5e8e8374ffaa6a7b0"
    ),
    "dataset/single_hop/mcqa/ja_mcqa.json": (
        "9ee60d673eec7d06949a6604d523429d9bbef3c05be301d61d03e15bd7cf7388"
    ),
    "dataset/single_hop/mcqa/zh_mcqa.json": (
        "abb20544677e62a1b846abefe37ac9bb16c3e5fd4b6bc02f1a742bab5248fe8a"
    ),
}

FILES = {
    **{f"{CURRENT}/{path}": sha256 for path, sha256 in _CURRENT.items()},
    **{f"{OLDER}/{path}": sha256 for path, sha256 in _OLDER.items()},
}
"""Every file as ``<commit>/<path>`` to its SHA-256."""
